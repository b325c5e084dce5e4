import { parsePerson, PERSON_COLUMNS, type Person } from "../authority/person.js";
import { decodeChineseText } from "../format/text.js";
import { csvRows, delimiterOf, unneutralised, type CsvRow } from "./csv.js";
import { UsageError } from "./errors.js";
import { readingText } from "./input.js";
import { note, printable } from "./output.js";
import { columnOf, type Column } from "./people-columns.js";

/** People as files bring them: JSON (an object, an array, an object a line) or CSV with a header line. */

export interface Found {
  person: Person;
  /** Where in the input: "line 3" or "person 3". */
  where: string;
}

export interface People {
  found: Found[];
  /** What is wrong with the others, a sentence each without its full stop. */
  faults: string[];
}

/** One record of the input, or why it is none. */
type Entry = { where: string } & ({ record: unknown } | { fault: string });

const HELP = "see `hufu enrol --help`";

/** `source` names the input in errors. Throws UsageError where it cannot be read at all, or has nobody. */
export function readPeople(bytes: Uint8Array, source: string): People {
  const { text, encoding } = readingText(source, bytes, decodeChineseText);
  if (encoding === "GB 18030") note(`hufu: ${source} is read as GB 18030; UTF-8 needs no guess.`);
  const entries = /^\s*[[{]/.test(text) ? jsonEntries(text, source) : csvEntries(text, source);
  if (entries.length === 0) throw new UsageError(`${source} has no people`, HELP);
  const people: People = { found: [], faults: [] };
  const today = new Date();
  const places = new Map<string, string>();
  for (const entry of entries) {
    const { where } = entry;
    const result =
      "fault" in entry ? { faults: [{ field: "", message: entry.fault }] } : parsePerson(entry.record, today);
    if ("faults" in result) {
      for (const { field, message } of result.faults) {
        people.faults.push(printable(`${where}: ${field || "it"} ${message}`));
      }
      continue;
    }
    const { person } = result;
    const first = places.get(person.id);
    if (first === undefined) people.found.push({ person, where });
    else people.faults.push(`${where}: id ${person.id} stands in ${first} already, which counts`);
    if (first === undefined) places.set(person.id, where);
  }
  return people;
}

function jsonEntries(text: string, source: string): Entry[] {
  const number = (records: readonly unknown[]): Entry[] =>
    records.map((record, i) => ({ where: `person ${i + 1}`, record }));
  try {
    const whole: unknown = JSON.parse(text);
    return number(Array.isArray(whole) ? whole : [whole]);
  } catch (error) {
    const entries: Entry[] = [];
    for (const [i, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      try {
        entries.push({ where: `line ${i + 1}`, record: JSON.parse(line) });
      } catch {
        // A file of one object a line that was cut is not to be used in part.
        const why = entries.length === 0 ? (error as Error).message : `line ${i + 1} is cut or malformed`;
        throw new UsageError(`${source} is not JSON: ${printable(why)}`, HELP);
      }
    }
    return entries;
  }
}

function csvEntries(text: string, source: string): Entry[] {
  // Excel's own way to name the delimiter.
  const body = text.replace(/^sep=.\r?\n/i, "\n");
  const known = (cells: readonly string[]): number =>
    cells.filter((cell) => !["unknown", "blank"].includes(columnOf(cell) as string)).length;
  const [header, ...rows] = csvRows(body, delimiterOf(body, known));
  if (header === undefined) throw new UsageError(`${source} has no people`, HELP);
  const columns = readHeader(header, source);
  return rows.map((row): Entry => {
    const where = `line ${row.line}`;
    const record = row.fault ?? recordOf(row, columns);
    return typeof record === "string" ? { where, fault: record } : { where, record };
  });
}

function readHeader({ cells, fault, line }: CsvRow, source: string): Column[] {
  if (fault !== undefined) throw new UsageError(`line ${line} of ${source} ${fault}`, "close it");
  const columns = cells.map(columnOf);
  const listed = `columns are ${PERSON_COLUMNS.join(", ")}`;
  const unknown = cells.find((_, i) => columns[i] === "unknown");
  if (unknown !== undefined) throw new UsageError(`${source} has a column "${printable(unknown.trim())}"`, listed);
  const fields = columns.flatMap((column) => (typeof column === "object" ? [column.field] : []));
  const twice = fields.find((field, i) => fields.indexOf(field) !== i);
  if (twice !== undefined) throw new UsageError(`${source} has two columns of ${twice}`, "leave one out");
  const missing = ["id", "name"].find((field) => !fields.includes(field));
  if (missing !== undefined) throw new UsageError(`${source} has no column ${missing}`, listed);
  return columns;
}

/** Fields of a row, or what is wrong with it. An empty cell is an absent field. */
function recordOf({ cells }: CsvRow, columns: readonly Column[]): Record<string, string> | string {
  if (cells.length !== columns.length) {
    const why = cells.length < columns.length ? "one is missing" : "one holds a delimiter and no quotation marks";
    return `has ${cells.length} cells where the header has ${columns.length}: ${why}`;
  }
  const record: Record<string, string> = {};
  for (const [i, column] of columns.entries()) {
    const cell = (cells[i] ?? "").trim();
    if (cell === "" || column === "passed-over") continue;
    if (typeof column === "string") return `has "${cell}" in a column without a name`;
    const damage = column.field === "id" ? roundedNumber(cell) : undefined;
    if (damage !== undefined) return damage;
    record[column.field] = unneutralised(cell);
  }
  return record;
}

/**
 * A spreadsheet that rounded a number to 15 digits leaves three zeros, and one such number of eleven has a right check
 * character by chance: it would be somebody else's. One number of a thousand ends so of itself.
 */
function roundedNumber(cell: string): string | undefined {
  if (!/^\d{15}000$/.test(cell.normalize("NFKC").replaceAll(/[\p{Cf}\s]/gu, ""))) return undefined;
  return "has an id that ends in 000, as spreadsheets leave of a number: format the column as text and enter it again; if it is right, put an apostrophe before it";
}
