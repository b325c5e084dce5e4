/** How often it is drawn, in milliseconds. */
const EVERY = 200;

/** How far some work has come, as one line of a terminal that is drawn over again; nothing where that is no terminal. */
export class Progress {
  readonly #write: ((text: string) => void) | undefined;
  #last = -Infinity;
  #width = 0;

  /** `shown`: whether it may be, where standard error is a terminal. */
  constructor(shown = true, stream: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr) {
    if (shown && stream.isTTY) this.#write = (text) => stream.write(text);
  }

  show(text: string): void {
    if (this.#write === undefined || performance.now() - this.#last < EVERY) return;
    this.#last = performance.now();
    this.#write(`\r${text.padEnd(this.#width)}`);
    this.#width = text.length;
  }

  /** Leaves the line, if there is one, for what comes next. */
  end(): void {
    if (this.#width > 0) this.#write?.("\n");
    this.#width = 0;
  }
}
