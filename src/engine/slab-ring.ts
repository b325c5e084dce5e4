import { BATCH_SIZE } from "../abi/batch.js";
import { BatchWriter } from "./batch-writer.js";

/** Slabs start on a cache line. */
const STRIDE = (BATCH_SIZE + 63) & ~63;

/** The bytes of slab `index`, as a worker sees them. */
export function slabBytes(memory: SharedArrayBuffer, index: number): Uint8Array {
  return new Uint8Array(memory, index * STRIDE, BATCH_SIZE);
}

/** The only queue there is: a fixed number of slabs in shared memory, each free, being filled, or with a worker. */
export class SlabRing {
  readonly memory: SharedArrayBuffer;
  readonly #slabs: readonly BatchWriter[];
  readonly #free: number[];

  constructor(count: number) {
    this.memory = new SharedArrayBuffer(count * STRIDE);
    this.#slabs = Array.from({ length: count }, (_, index) => new BatchWriter(this.memory, index * STRIDE));
    this.#free = this.#slabs.map((_, index) => index);
  }

  get size(): number {
    return this.#slabs.length;
  }

  get free(): number {
    return this.#free.length;
  }

  /** An empty slab, or undefined when all are in use. */
  take(): { index: number; slab: BatchWriter } | undefined {
    const index = this.#free.pop();
    const slab = index === undefined ? undefined : this.#slabs[index];
    return index === undefined || slab === undefined ? undefined : { index, slab };
  }

  give(index: number): void {
    this.#slabs[index]?.clear();
    this.#free.push(index);
  }
}
