import { toBase64Url } from "./bytes.js";
import type { ClaimValue } from "./verdict.js";

/**
 * CBOR that the engine has already checked (src/abi/limits.ts), as JSON. Total by design: unknown tags are looked
 * through, unknown simple values become null, so that no foreign claim makes the others unreadable.
 */

const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The claims of an identity map by key. Byte strings become base64url. */
export function readClaims(identity: Uint8Array): Record<string, ClaimValue> {
  const value = new Reader(identity).value();
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** Any checked item as JSON. */
export function cborToJson(item: Uint8Array): ClaimValue {
  return new Reader(item).value();
}

class Reader {
  #at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): ClaimValue {
    const initial = this.#view.getUint8(this.#at++);
    const info = initial & 31;
    if (initial >> 5 === 7) return this.#simple(info);
    const argument = this.#argument(info);
    const count = Number(argument);
    switch (initial >> 5) {
      case 0:
        return number(argument);
      case 1:
        return number(-1n - argument);
      case 2:
        return toBase64Url(this.#take(count));
      case 3:
        return text.decode(this.#take(count));
      case 4:
        return Array.from({ length: count }, () => this.value());
      case 5:
        return this.#map(count);
      default:
        return this.value();
    }
  }

  /** Entries whose key is neither integer nor text are left out: as JSON it could be the key of another. */
  #map(count: number): Record<string, ClaimValue> {
    const entries: [string, ClaimValue][] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      const value = this.value();
      if (key !== undefined) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  /** No two keys have one name: a text that looks like a number is quoted, and so is one that looks quoted. */
  #key(): string | undefined {
    const major = this.#view.getUint8(this.#at) >> 5;
    const key = this.value();
    if (major <= 1 && (typeof key === "number" || typeof key === "string")) return String(key);
    if (major !== 3 || typeof key !== "string") return undefined;
    return /^(-?\d+$|")/.test(key) ? JSON.stringify(key) : key;
  }

  #argument(info: number): bigint {
    const at = this.#at;
    if (info < 24) return BigInt(info);
    this.#at += 1 << (info - 24);
    if (info === 24) return BigInt(this.#view.getUint8(at));
    if (info === 25) return BigInt(this.#view.getUint16(at));
    if (info === 26) return BigInt(this.#view.getUint32(at));
    return this.#view.getBigUint64(at);
  }

  #simple(info: number): ClaimValue {
    const at = this.#at;
    if (info >= 24) this.#at += 1 << (info - 24);
    if (info === 20 || info === 21) return info === 21;
    if (info === 25) return finite(halfFloat(this.#view.getUint16(at)));
    if (info === 26) return finite(this.#view.getFloat32(at));
    if (info === 27) return finite(this.#view.getFloat64(at));
    return null;
  }

  #take(length: number): Uint8Array {
    return this.bytes.subarray(this.#at, (this.#at += length));
  }
}

/** Integers that JSON's readers would round are given as text. */
function number(value: bigint): number | string {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value.toString();
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** RFC 8949 appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (mantissa + 1024) * 2 ** (exponent - 25);
}
