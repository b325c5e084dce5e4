import { isUtf8 } from "node:buffer";
import type { Columns } from "../form.js";
import { type PhysicalType, type Raw, typeOf } from "./column.js";
import { type Leaf, SchemaElement } from "./footer.js";
import { numberAt, type Struct, structAt, T } from "./thrift.js";

/** Values of a column as the text that they stand for, digit for digit. */

/** What a value is, or why it cannot be read: a clause after "the row", before "under" and the column. */
export type Cell = { is: string | Uint8Array | Date | undefined } | { fault: string };

export type ReadCell = (value: Raw) => Cell;

// Of ConvertedType and of the union LogicalType.
const Converted = {
  DECIMAL: 5n,
  TIMESTAMP_MILLIS: 9n,
  TIMESTAMP_MICROS: 10n,
  INTEGERS: [11n, 18n],
  UNSIGNED: [11n, 14n],
} as const;
const Logical = { DECIMAL: 5, TIMESTAMP: 8, INTEGER: 10, UUID: 14, FLOAT16: 15, SCALE: 1, IS_UTC: 1, UNIT: 2, SIGNED: 2 } as const; // prettier-ignore
const MAX_SCALE = 1_000;

/** How a column is read: whole numbers stand for their digits in the one of numbers. Throws RangeError. */
export function readerOf(leaf: Leaf, as: keyof Columns): ReadCell {
  if (as === "captured") return timesOf(leaf);
  const type = typeOf(leaf);
  const fault = faultOf(leaf.element, type, as === "id");
  if (fault !== undefined) return (value) => ({ fault: isNothing(value) ? "has nothing" : fault });
  const scale = decimalScale(leaf.element);
  if (scale !== undefined) return decimals(scale);
  if (type === "INT32" || type === "INT64") return digits(type === "INT32" ? 32 : 64, isUnsigned(leaf.element));
  return as === "qr" ? readBytes : readText;
}

/** Moments of a column of texts or of TIMESTAMPs; where there is nothing, nothing is said. */
function timesOf({ element, ...leaf }: Leaf): ReadCell {
  const perMillisecond = unitOf(element);
  const fault = perMillisecond === undefined ? faultOf(element, typeOf({ element, ...leaf }), false) : undefined;
  return (value) => {
    if (isNothing(value)) return { is: undefined };
    if (fault !== undefined) return { fault };
    if (perMillisecond === undefined) return readText(value);
    return perMillisecond === "local" || typeof value !== "bigint"
      ? { fault: "has a time without a zone" }
      : { is: new Date(Number(value / perMillisecond)) };
  };
}

/** Units of a TIMESTAMP in a millisecond; `local` where no zone is meant, undefined where it is none. */
function unitOf(element: Struct): bigint | "local" | undefined {
  const logical = structAt(element, SchemaElement.LOGICAL);
  const timestamp = logical && structAt(logical, Logical.TIMESTAMP);
  if (timestamp === undefined) {
    const converted = numberAt(element, SchemaElement.CONVERTED);
    if (converted === Converted.TIMESTAMP_MILLIS) return 1n;
    return converted === Converted.TIMESTAMP_MICROS ? 1_000n : undefined;
  }
  if (timestamp.get(Logical.IS_UTC)?.type !== T.TRUE) return "local";
  const unit = structAt(timestamp, Logical.UNIT);
  if (unit?.has(1)) return 1n;
  return unit?.has(2) ? 1_000n : 1_000_000n;
}

function isNothing(value: Raw): value is null | undefined {
  return value === null || value === undefined;
}

function faultOf(element: Struct, type: PhysicalType, numbers: boolean): string | undefined {
  const logical = structAt(element, SchemaElement.LOGICAL) ?? new Map<number, never>();
  const decimal = decimalScale(element) !== undefined;
  if (type === "FLOAT" || type === "DOUBLE" || logical.has(Logical.FLOAT16)) {
    const name = logical.has(Logical.FLOAT16) ? "FLOAT16" : type;
    return numbers ? `has a ${name}, which loses digits of a number,` : `has a ${name}, and not text,`;
  }
  if ((decimal || ((type === "INT32" || type === "INT64") && isWhole(element, logical))) && numbers) return undefined;
  if (decimal) return "has a DECIMAL, and not text,";
  if (type === "INT32" || type === "INT64") {
    return isWhole(element, logical) ? `has an ${type}, and not text,` : "has a date or a time, and not text,";
  }
  const isText = type.endsWith("BYTE_ARRAY") && !logical.has(Logical.UUID);
  return isText ? undefined : `has ${type.startsWith("I") ? "an" : "a"} ${type}, and not text,`;
}

/** A whole number, and not a date, a time or a moment written as one. */
function isWhole(element: Struct, logical: Struct): boolean {
  const converted = numberAt(element, SchemaElement.CONVERTED);
  const [first, last] = Converted.INTEGERS;
  if (converted !== undefined) return converted >= first && converted <= last;
  return logical.size === 0 || logical.has(Logical.INTEGER);
}

function isUnsigned(element: Struct): boolean {
  const logical = structAt(element, SchemaElement.LOGICAL);
  const integer = logical && structAt(logical, Logical.INTEGER);
  if (integer !== undefined) return integer.get(Logical.SIGNED)?.type === T.FALSE;
  const converted = numberAt(element, SchemaElement.CONVERTED) ?? 0n;
  const [first, last] = Converted.UNSIGNED;
  return converted >= first && converted <= last;
}

/** Digits behind the point; undefined where it is not a DECIMAL. */
function decimalScale(element: Struct): number | undefined {
  const logical = structAt(element, SchemaElement.LOGICAL);
  const decimal = logical && structAt(logical, Logical.DECIMAL);
  if (decimal === undefined && numberAt(element, SchemaElement.CONVERTED) !== Converted.DECIMAL) return undefined;
  const scale = Number((decimal && numberAt(decimal, Logical.SCALE)) ?? numberAt(element, SchemaElement.SCALE) ?? 0n);
  if (scale < 0 || scale > MAX_SCALE) throw new RangeError(`a column of it has ${scale} digits behind the point`);
  return scale;
}

function digits(bits: number, unsigned: boolean): ReadCell {
  return (value) => {
    if (typeof value !== "bigint" && typeof value !== "number") return { fault: "has nothing" };
    return { is: String(unsigned ? BigInt.asUintN(bits, BigInt(value)) : value) };
  };
}

function decimals(scale: number): ReadCell {
  const unit = 10n ** BigInt(scale);
  return (value) => {
    if (isNothing(value) || typeof value === "boolean") return { fault: "has nothing" };
    const unscaled = value instanceof Uint8Array ? bigEndian(value) : BigInt(value);
    if (unscaled % unit !== 0n) return { fault: "has a number with a fraction" };
    return { is: String(unscaled / unit) };
  };
}

/** Two's complement. */
function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}

function readBytes(value: Raw): Cell {
  return value instanceof Uint8Array ? { is: value } : { fault: "has nothing" };
}

function readText(value: Raw): Cell {
  if (!(value instanceof Uint8Array)) return { fault: "has nothing" };
  return isUtf8(value) ? { is: Buffer.from(value).toString() } : { fault: "has what is not UTF-8" };
}
