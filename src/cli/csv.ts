/** CSV (RFC 4180) as spreadsheets write and read it. */

export interface CsvRow {
  /** Of the file, from 1: where the row begins, whatever line breaks its cells have. */
  line: number;
  cells: string[];
  /** Why the row cannot be read as a row, if so. */
  fault?: string;
}

const DELIMITERS = [",", ";", "\t", "|", "\uff0c"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** Rows that are not blank. Lines may end in CR LF, LF or CR. What is wrong with a row is told with it. */
export function* csvRows(text: string, delimiter: Delimiter): Generator<CsvRow> {
  const scanner = new CsvScanner(text, delimiter);
  for (let row = scanner.next(); row !== undefined; row = scanner.next()) {
    if (row.fault !== undefined || row.cells.some((cell) => cell.trim() !== "")) yield row;
  }
}

/** The delimiter with which `fits` says most of the first line's cells. */
export function delimiterOf(text: string, fits: (cells: readonly string[]) => number): Delimiter {
  const rate = (delimiter: Delimiter): number => {
    const [first] = csvRows(text.slice(0, 10_000), delimiter);
    return first === undefined ? 0 : fits(first.cells);
  };
  return DELIMITERS.reduce((best, delimiter) => (rate(delimiter) > rate(best) ? delimiter : best));
}

class CsvScanner {
  #at = 0;
  #line = 1;
  /** Cells may go on over a line's end, until one was found that never ends. */
  #multiline = true;

  constructor(
    readonly text: string,
    readonly delimiter: Delimiter,
  ) {}

  next(): CsvRow | undefined {
    if (this.#at >= this.text.length) return undefined;
    const [start, line] = [this.#at, this.#line];
    const cells: string[] = [];
    for (;;) {
      const cell = this.text[this.#at] === '"' ? this.#quoted() : this.#plain();
      if (cell === undefined) {
        // An opening quote that is never closed is a fault of its own line, not of all that follow.
        this.#multiline = false;
        [this.#at, this.#line] = [start, line];
        this.#restOfLine();
        return { line, cells, fault: "opens a quotation mark and does not close it" };
      }
      cells.push(cell);
      if (this.text[this.#at] !== this.delimiter) break;
      this.#at++;
    }
    this.#lineEnd();
    return { line, cells };
  }

  #plain(): string {
    const start = this.#at;
    for (; this.#at < this.text.length; this.#at++) {
      const character = this.text[this.#at];
      if (character === this.delimiter || character === "\n" || character === "\r") break;
    }
    return this.text.slice(start, this.#at);
  }

  /** Undefined where the closing quote is missing. What stands between it and the delimiter belongs to the cell. */
  #quoted(): string | undefined {
    let cell = "";
    let at = this.#at + 1;
    for (;;) {
      const end = this.text.indexOf('"', at);
      if (end < 0) return undefined;
      const piece = this.text.slice(at, end);
      const breaks = piece.match(/\r\n|\n|\r/g)?.length ?? 0;
      if (breaks > 0 && !this.#multiline) return undefined;
      this.#line += breaks;
      cell += piece;
      if (this.text[end + 1] !== '"') {
        this.#at = end + 1;
        return cell + this.#plain();
      }
      cell += '"';
      at = end + 2;
    }
  }

  #restOfLine(): void {
    while (this.#at < this.text.length && this.text[this.#at] !== "\n" && this.text[this.#at] !== "\r") this.#at++;
    this.#lineEnd();
  }

  #lineEnd(): void {
    if (this.text[this.#at] === "\r") this.#at++;
    if (this.text[this.#at] === "\n") this.#at++;
    this.#line++;
  }
}

/** One line of CSV, without its end. Nothing in it is a formula to a spreadsheet. */
export function csvLine(cells: readonly string[]): string {
  return cells
    .map(neutralised)
    .map((cell) => (/[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(",");
}

/**
 * Spreadsheets run what begins with one of these, in its full width too, where it is opened (CWE-1236); an apostrophe
 * before it makes it text. A cell that begins so already gets one more, so that reading takes away exactly what was
 * added.
 */
const FORMULA = /^(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/;

function neutralised(cell: string): string {
  return cell.replace(FORMULA, "'");
}

/** The cell as it was before `csvLine`. */
export function unneutralised(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
