/** Deflate (RFC 1951) written bit by bit, for streams that no encoder makes. */

export const END_OF_BLOCK = 256;

export class BitWriter {
  readonly #bits: number[] = [];

  /** A number, lowest bit first (section 3.1.1). */
  put(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >> i) & 1);
    return this;
  }

  /** A Huffman code, highest bit first. */
  code(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push((value >> i) & 1);
    return this;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => (bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (i & 7))));
    return bytes;
  }
}

/** A literal below 144 in the fixed code (section 3.2.6). */
export function fixedLiteral(bits: BitWriter, literal: number): void {
  bits.code(0x30 + literal, 8);
}

/** A match of three bytes in the fixed code; its distance follows. */
export function fixedMatch3(bits: BitWriter): void {
  bits.code(1, 7);
}

export function fixedDistance(bits: BitWriter, distance: number): void {
  let base = 1;
  for (let symbol = 0; symbol < 30; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >> 1;
    if (distance < base + (1 << extra)) {
      bits.code(symbol, 5).put(distance - base, extra);
      return;
    }
    base += 1 << extra;
  }
  throw new Error("no such distance");
}

interface DynamicBlock {
  /** Code length by symbol. */
  litlen: ReadonlyMap<number, number>;
  /** How many literal and length codes are said to come, 257 to 288, and how many distances, 1 to 32. */
  litlens: number;
  distances: ReadonlyMap<number, number>;
  distanceCount: number;
}

/** The header of a last dynamic block (section 3.2.7), every length sent as such; then its symbols by name. */
export function dynamicBlock({ litlen, litlens, distances, distanceCount }: DynamicBlock): {
  literal(symbol: number): ReturnType<typeof dynamicBlock>;
  bytes(): Uint8Array;
} {
  const bits = new BitWriter().put(1, 1).put(2, 2);
  bits
    .put(litlens - 257, 5)
    .put(distanceCount - 1, 5)
    .put(19 - 4, 4);
  // Of the code length code the sixteen lengths have four bits each, which is complete; 16, 17 and 18 have no code.
  for (let i = 0; i < 19; i++) bits.put(i < 3 ? 0 : 4, 3);
  for (let symbol = 0; symbol < litlens; symbol++) bits.code(litlen.get(symbol) ?? 0, 4);
  for (let symbol = 0; symbol < distanceCount; symbol++) bits.code(distances.get(symbol) ?? 0, 4);
  const codes = canonical(litlen);
  const block = {
    literal(symbol: number) {
      const code = codes.get(symbol);
      if (code === undefined) throw new Error(`symbol ${symbol} has no code`);
      bits.code(code.value, code.length);
      return block;
    },
    bytes: () => bits.bytes(),
  };
  return block;
}

/** Section 3.2.2. */
function canonical(lengths: ReadonlyMap<number, number>): Map<number, { value: number; length: number }> {
  const codes = new Map<number, { value: number; length: number }>();
  let value = 0;
  for (let length = 1; length <= 15; length++) {
    value <<= 1;
    for (const symbol of [...lengths.keys()].sort((a, b) => a - b)) {
      if (lengths.get(symbol) === length) codes.set(symbol, { value: value++, length });
    }
  }
  return codes;
}
