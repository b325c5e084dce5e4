/** Just enough of DER (ITU-T X.690 §10) to walk public keys and certificates: definite, shortest lengths, no overrun. */

export const DER_INTEGER = 0x02;
export const DER_BIT_STRING = 0x03;
export const DER_OCTET_STRING = 0x04;
export const DER_OID = 0x06;
export const DER_UTF8_STRING = 0x0c;
export const DER_PRINTABLE_STRING = 0x13;
export const DER_UTC_TIME = 0x17;
export const DER_GENERALIZED_TIME = 0x18;
export const DER_SEQUENCE = 0x30;
export const DER_SET = 0x31;

export interface DerElement {
  tag: number;
  content: Uint8Array;
}

/** The bytes are not the DER that was expected. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** Reads the elements of one content from left to right. */
export class DerReader {
  #offset = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#offset === this.bytes.length;
  }

  /** Tag of the next element, undefined at the end. */
  get nextTag(): number | undefined {
    return this.bytes[this.#offset];
  }

  any(): DerElement {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of several bytes");
    const content = this.#take(this.#length());
    return { tag, content };
  }

  content(tag: number): Uint8Array {
    const element = this.any();
    if (element.tag !== tag) throw new DerError(`tag ${element.tag} where ${tag} was expected`);
    return element.content;
  }

  /** A reader of what a constructed element (a SEQUENCE unless said otherwise) contains. */
  inside(tag = DER_SEQUENCE): DerReader {
    return new DerReader(this.content(tag));
  }

  /** Content of a BIT STRING of whole bytes. */
  bits(): Uint8Array {
    const content = this.content(DER_BIT_STRING);
    if (content[0] !== 0) throw new DerError("a bit string that is not of whole bytes");
    return content.subarray(1);
  }

  end(): void {
    if (!this.done) throw new DerError("bytes after the end");
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw new DerError("an indefinite or too large length");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError("a length that is not in its shortest form");
    return length;
  }

  #byte(): number {
    const byte = this.bytes[this.#offset];
    if (byte === undefined) throw new DerError("cut short");
    this.#offset++;
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.bytes.length) throw new DerError("cut short");
    const content = this.bytes.subarray(this.#offset, end);
    this.#offset = end;
    return content;
  }
}
