import { parse } from "csv-parse/sync";
import { parsePerson, PERSON_COLUMNS, type Person } from "../authority/person.js";
import { decodeChineseText } from "../format/text.js";
import { UsageError } from "./errors.js";
import { readingText } from "./input.js";
import { note } from "./output.js";

/** People as files bring them: JSON (an object, an array, an object a line) or CSV with a header line. */

const SHOWN_FAULTS = 10;

/** `source` names the input in errors. All of the people are good, or standard error says which are not, and why. */
export function readPeople(bytes: Uint8Array, source: string): Person[] {
  const { text } = readingText(source, bytes, decodeChineseText);
  const records = /^\s*[[{]/.test(text) ? readJson(text, source) : readCsv(text, source);
  const people: Person[] = [];
  const faults: string[] = [];
  for (const [i, record] of records.entries()) {
    const result = parsePerson(record);
    if ("person" in result) people.push(result.person);
    else for (const { field, message } of result.faults) faults.push(`person ${i + 1}: ${field || "it"} ${message}`);
  }
  if (faults.length > 0) {
    for (const fault of faults.slice(0, SHOWN_FAULTS)) note(`hufu: ${fault}.`);
    throw new UsageError(`${source} has faults (${faults.length}) and nobody was enrolled`, "mend them and try again");
  }
  if (people.length === 0) throw new UsageError(`${source} has no people`, "see `hufu enrol --help`");
  return people;
}

function readJson(text: string, source: string): unknown[] {
  try {
    const whole: unknown = JSON.parse(text);
    return Array.isArray(whole) ? whole : [whole];
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    try {
      return lines.map((line) => JSON.parse(line) as unknown);
    } catch {
      throw new UsageError(`${source} is not JSON: ${(error as Error).message}`, "see `hufu enrol --help`");
    }
  }
}

function readCsv(text: string, source: string): unknown[] {
  try {
    const rows = parse<Record<string, string>>(text, { columns: true, bom: true, skip_empty_lines: true, trim: true });
    const unknown = Object.keys(rows[0] ?? {}).find((column) => !PERSON_COLUMNS.includes(column));
    if (unknown !== undefined) {
      throw new UsageError(`${source} has a column "${unknown}"`, `columns are ${PERSON_COLUMNS.join(", ")}`);
    }
    // An empty cell is an absent field.
    return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== "")));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${source} is not CSV: ${(error as Error).message}`, "see `hufu enrol --help`");
  }
}
