import {
  BATCH_SIZE,
  CONTEXT_SIZE,
  CONTEXTS_OFFSET,
  HEADER_CONTEXT_COUNT,
  HEADER_GENERATION,
  HEADER_ITEM_COUNT,
  HEADER_NOW,
  HEADER_STARTED,
  HEADER_TEXT_LENGTH,
  ITEM_CONTEXT,
  ITEM_SIZE,
  ITEM_TEXT_LENGTH,
  ITEM_TEXT_OFFSET,
  ITEMS_OFFSET,
  MAX_BATCH_ITEMS,
  TEXT_CAPACITY,
  TEXTS_OFFSET,
} from "../abi/batch.js";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import { MAX_CONTEXT_TEXTS_LENGTH, type Requirements, textsOf, writeContext } from "../format/requirements.js";

const utf8 = new TextEncoder();

/** Bytes of texts that one more item can need: its own, and its request's. */
const ROOM = MAX_SCANNED_LENGTH + MAX_CONTEXT_TEXTS_LENGTH;

/** Fills one slab: the single copy of a QR text on its way from the socket to the engine. */
export class BatchWriter {
  /** The BATCH_SIZE bytes of the slab. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #count = 0;
  #textLength = 0;
  /** Contexts by the requirements they say; the last text's are asked for first. */
  readonly #contexts = new Map<Requirements, number>();
  #lastRequirements: Requirements | undefined;
  #lastContext = 0;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.bytes = new Uint8Array(buffer, offset, BATCH_SIZE);
    this.view = new DataView(buffer, offset, BATCH_SIZE);
  }

  get count(): number {
    return this.#count;
  }

  /** Room for one more text, however long? */
  get full(): boolean {
    return this.#count === MAX_BATCH_ITEMS || TEXT_CAPACITY - this.#textLength < ROOM;
  }

  /** Append one text; the caller has looked at `full`. */
  add(text: string | Uint8Array, requirements: Requirements): void {
    if (requirements !== this.#lastRequirements) this.#useContext(requirements);
    const item = ITEMS_OFFSET + this.#count * ITEM_SIZE;
    const length = typeof text === "string" ? this.#copyString(text) : this.#copyBytes(text);
    this.view.setUint32(item + ITEM_TEXT_OFFSET, this.#textLength, true);
    this.view.setUint32(item + ITEM_TEXT_LENGTH, length, true);
    if (length <= MAX_SCANNED_LENGTH) this.#textLength += length;
    this.view.setUint16(item + ITEM_CONTEXT, this.#lastContext, true);
    this.#count++;
  }

  /** Write the header: the batch is complete, to be judged by the state of this generation, at this time (ms). */
  seal(generation: number, now: number): void {
    this.view.setBigInt64(HEADER_NOW, BigInt(Math.floor(now / 1000)), true);
    this.view.setUint32(HEADER_GENERATION, generation, true);
    this.view.setUint32(HEADER_STARTED, 0, true);
    this.view.setUint32(HEADER_ITEM_COUNT, this.#count, true);
    this.view.setUint32(HEADER_TEXT_LENGTH, this.#textLength, true);
    this.view.setUint32(HEADER_CONTEXT_COUNT, this.#contexts.size, true);
  }

  /** Empty the slab and wipe the texts: the next batch may be another relying party's. */
  clear(): void {
    this.bytes.fill(0, TEXTS_OFFSET, TEXTS_OFFSET + this.#textLength);
    this.#count = 0;
    this.#textLength = 0;
    this.#contexts.clear();
    this.#lastRequirements = undefined;
  }

  /** Each request's context is written once, and there are no more requests than texts. */
  #useContext(requirements: Requirements): void {
    let index = this.#contexts.get(requirements);
    if (index === undefined) {
      index = this.#contexts.size;
      writeContext(this.view, CONTEXTS_OFFSET + index * CONTEXT_SIZE, requirements, this.#copyTextsOf(requirements));
      this.#contexts.set(requirements, index);
    }
    this.#lastRequirements = requirements;
    this.#lastContext = index;
  }

  #copyTextsOf(requirements: Requirements): { offset: number; lengths: number[] } {
    const offset = this.#textLength;
    const end = TEXTS_OFFSET + offset + MAX_CONTEXT_TEXTS_LENGTH;
    const lengths = textsOf(requirements).map((text) => {
      if (text === "") return 0;
      const { read, written } = utf8.encodeInto(text, this.bytes.subarray(TEXTS_OFFSET + this.#textLength, end));
      this.#textLength += written;
      if (read === text.length) return written;
      this.bytes.fill(0, TEXTS_OFFSET + offset, end);
      this.#textLength = offset;
      throw new RangeError("what is asked is too long for a batch");
    });
    return { offset, lengths };
  }

  /** A text over the limit is not copied, its length alone decides. */
  #copyBytes(text: Uint8Array): number {
    if (text.length <= MAX_SCANNED_LENGTH) this.bytes.set(text, TEXTS_OFFSET + this.#textLength);
    return text.length;
  }

  #copyString(text: string): number {
    if (text.length > MAX_SCANNED_LENGTH) return text.length;
    const start = TEXTS_OFFSET + this.#textLength;
    const room = this.bytes.subarray(start, start + MAX_SCANNED_LENGTH);
    const { read, written } = utf8.encodeInto(text, room);
    if (read === text.length) return written;
    // Characters beyond ASCII took the room: it is as long as the same text in bytes, and leaves nothing behind.
    room.fill(0);
    return MAX_SCANNED_LENGTH + 1;
  }
}
