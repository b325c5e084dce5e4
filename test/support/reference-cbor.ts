import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../src/abi/limits.js";

type Verdict = "VALID" | "BAD_CBOR" | "TOO_DEEP";

class Refused extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict);
  }
}

/**
 * The profile of the engine's checkItem, written after the recursive pseudocode of RFC 8949 appendix C: an oracle.
 * Each item is reduced to a text that equal values share, which is how duplicate keys are found.
 */
export function referenceCheck(bytes: Uint8Array): Verdict {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function take(count: number): number {
    const start = at;
    if (count > bytes.length - at) throw new Refused("BAD_CBOR");
    at += count;
    return start;
  }

  function item(depth: number): string {
    const initial = view.getUint8(take(1));
    const major = initial >> 5;
    const info = initial & 31;
    let argument = BigInt(info);
    if (info === 24) argument = BigInt(view.getUint8(take(1)));
    else if (info === 25) argument = BigInt(view.getUint16(take(2)));
    else if (info === 26) argument = BigInt(view.getUint32(take(4)));
    else if (info === 27) argument = view.getBigUint64(take(8));
    else if (info > 27) throw new Refused("BAD_CBOR");

    switch (major) {
      case 0:
      case 1:
        return `${major}:${argument}`;
      case 2:
      case 3: {
        const start = take(Number(argument));
        const content = bytes.subarray(start, at);
        if (major === 3) decodeText(content);
        return `${major}:${Buffer.from(content).toString("hex")}`;
      }
      case 7:
        return simple(info, argument);
    }

    if (depth === MAX_CBOR_DEPTH) throw new Refused("TOO_DEEP");
    if (major === 6) return `6:${argument}(${item(depth + 1)})`;
    if (major === 5 && argument > BigInt(MAX_MAP_ENTRIES)) throw new Refused("BAD_CBOR");
    const parts: string[] = [];
    const keys = new Set<string>();
    for (let n = 0n; n < argument; n++) {
      const first = item(depth + 1);
      parts.push(first);
      if (major === 4) continue;
      if (keys.has(first)) throw new Refused("BAD_CBOR");
      keys.add(first);
      parts.push(item(depth + 1));
    }
    return `${major}:[${parts.join()}]`;
  }

  try {
    item(0);
    return at === bytes.length ? "VALID" : "BAD_CBOR";
  } catch (error) {
    if (error instanceof Refused) return error.verdict;
    throw error;
  }
}

function decodeText(content: Uint8Array): void {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new Refused("BAD_CBOR");
  }
}

function simple(info: number, argument: bigint): string {
  if (info < 24) return `simple:${argument}`;
  if (info === 24) {
    if (argument < 32n) throw new Refused("BAD_CBOR");
    return `simple:${argument}`;
  }
  const view = new DataView(new ArrayBuffer(8));
  if (info === 25) return `float:${halfOf(Number(argument))}`;
  view.setBigUint64(0, argument);
  return `float:${nameOf(info === 26 ? view.getFloat32(4) : view.getFloat64(0))}`;
}

function halfOf(bits: number): string {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return nameOf(fraction === 0 ? sign * Infinity : NaN);
  return nameOf(exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function nameOf(number: number): string {
  return Object.is(number, -0) ? "-0" : String(number);
}
