import type { Lane } from "../format/wire/frame.js";
import type { Labelled } from "./metrics.js";

/** What happens to streams, for whoever looks for the cause of something: connections are known by a number. */
export type StreamEvent = { readonly connection: number } & (
  | { readonly kind: "opened"; readonly address: string }
  | { readonly kind: "welcomed"; readonly lane: Lane; readonly resumed: boolean; readonly owed: number }
  /** `code`: 1006 where the line was lost (RFC 6455 section 7.1.5). */
  | { readonly kind: "closed"; readonly code: number; readonly seconds: number }
);

/** Counts what happens to streams, and tells it. */
export class StreamEvents {
  readonly #tell: (event: StreamEvent) => void;
  readonly #numbers = new WeakMap<object, { number: number; since: number }>();
  readonly #closed = new Map<number, number>();
  #count = 0;
  #resumed = 0;

  constructor(tell: (event: StreamEvent) => void = () => undefined) {
    this.#tell = tell;
  }

  /** Sessions that another connection took up. */
  get resumed(): number {
    return this.#resumed;
  }

  /** Connections that were closed, by code. */
  closings(): Labelled[] {
    return [...this.#closed].map(([code, count]) => [{ code: String(code) }, count]);
  }

  opened(connection: object, address: string): void {
    this.#numbers.set(connection, { number: ++this.#count, since: performance.now() });
    this.#tell({ kind: "opened", connection: this.#count, address });
  }

  welcomed(connection: object, lane: Lane, resumed: boolean, owed: number): void {
    if (resumed) this.#resumed++;
    this.#tell({ kind: "welcomed", connection: this.#numbers.get(connection)?.number ?? 0, lane, resumed, owed });
  }

  closed(connection: object, code: number): void {
    this.#closed.set(code, (this.#closed.get(code) ?? 0) + 1);
    const { number = 0, since = performance.now() } = this.#numbers.get(connection) ?? {};
    const seconds = Math.round(performance.now() - since) / 1000;
    this.#tell({ kind: "closed", connection: number, code, seconds });
  }
}
