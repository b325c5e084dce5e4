/**
 * Where the detail of a batch lies from the engine that wrote it to whoever makes verdicts of it: in buffers that are
 * used again, and wiped in between, so that one relying party's claims do not stay in memory for the next. Shared memory
 * takes them from a worker to the main thread; on one thread any buffer does.
 */

/** i32 at the start of each buffer; the detail follows. */
const STATE = 0;
const FREE = 0;
const TAKEN = 1;
const DETAIL_OFFSET = 8;

const SMALLEST = 1 << 16;
/** What a batch of photos took is given back. */
const LARGEST_KEPT = 1 << 22;

export class DetailBuffers {
  readonly #kept: ArrayBufferLike[] = [];

  constructor(readonly allocate: (bytes: number) => ArrayBufferLike) {}

  /** Buffers that are kept to be used again. */
  get kept(): readonly ArrayBufferLike[] {
    return this.#kept;
  }

  /** A buffer for `length` bytes of detail at least: zeroed, and nobody else's until it has been wiped. */
  take(length: number): ArrayBufferLike {
    let buffer = this.#kept.find((kept) => kept.byteLength >= DETAIL_OFFSET + length && stateOf(kept) === FREE);
    if (buffer === undefined) {
      let size = SMALLEST;
      while (size < DETAIL_OFFSET + length) size *= 2;
      buffer = this.allocate(size);
      if (size <= LARGEST_KEPT) this.#keep(buffer);
    }
    Atomics.store(new Int32Array(buffer, STATE, 1), 0, TAKEN);
    return buffer;
  }

  /** In the place of one that is free, and smaller, if there is one. */
  #keep(buffer: ArrayBufferLike): void {
    const smaller = this.#kept.findIndex((kept) => stateOf(kept) === FREE);
    if (smaller === -1) this.#kept.push(buffer);
    else this.#kept[smaller] = buffer;
  }
}

function stateOf(buffer: ArrayBufferLike): number {
  return Atomics.load(new Int32Array(buffer, STATE, 1), 0);
}

/** Wipe a detail that has been read; its buffer may then be taken again. */
export function wipeDetail(detail: Uint8Array): void {
  detail.fill(0);
  Atomics.store(new Int32Array(detail.buffer, STATE, 1), 0, FREE);
}

/** Gathers the detail of one batch. */
export class DetailWriter {
  #detail: Uint8Array | undefined;

  constructor(readonly buffers: DetailBuffers) {}

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const before = this.#detail;
    const start = before?.length ?? 0;
    const length = start + bytes.length;
    let buffer = before?.buffer;
    if (buffer === undefined || buffer.byteLength < DETAIL_OFFSET + length) {
      buffer = this.buffers.take(length);
      if (before !== undefined) {
        new Uint8Array(buffer).set(before, DETAIL_OFFSET);
        wipeDetail(before);
      }
    }
    this.#detail = new Uint8Array(buffer, DETAIL_OFFSET, length);
    this.#detail.set(bytes, start);
  }

  /** What was written, if anything: whoever reads it wipes it. The writer has nothing any more. */
  finish(): Uint8Array | undefined {
    const detail = this.#detail;
    this.#detail = undefined;
    return detail;
  }

  /** Wipe what nobody is to read. */
  discard(): void {
    const detail = this.finish();
    if (detail !== undefined) wipeDetail(detail);
  }
}
