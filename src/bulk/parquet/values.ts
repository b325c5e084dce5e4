import { isUtf8 } from "node:buffer";
import { type PhysicalType, type Raw, typeOf } from "./column.js";
import { type Leaf, SchemaElement } from "./footer.js";
import { numberAt, type Struct, structAt, T } from "./thrift.js";

/** Values of a column as the text that they stand for, digit for digit. */

/** The text of a value, or why there is none: a clause after "the row", before "under" and the column. */
export type Text = { text: string | Uint8Array } | { fault: string };

export type ReadText = (value: Raw) => Text;

// Of ConvertedType and of the union LogicalType.
const Converted = { DECIMAL: 5n, INTEGERS: [11n, 18n], UNSIGNED: [11n, 14n] } as const;
const Logical = { DECIMAL: 5, INTEGER: 10, SCALE: 1, SIGNED: 2, UUID: 14, FLOAT16: 15 } as const;
const MAX_SCALE = 1_000;

/** How texts are read from a column; `numbers`: whole numbers are texts too, of their digits. Throws RangeError. */
export function readerOf(leaf: Leaf, numbers: boolean): ReadText {
  const type = typeOf(leaf);
  const fault = faultOf(leaf.element, type, numbers);
  if (fault !== undefined) return (value) => ({ fault: isNothing(value) ? "has nothing" : fault });
  const scale = decimalScale(leaf.element);
  if (scale !== undefined) return decimals(scale);
  if (type === "INT32" || type === "INT64") return digits(type === "INT32" ? 32 : 64, isUnsigned(leaf.element));
  return readText;
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

function digits(bits: number, unsigned: boolean): ReadText {
  return (value) => {
    if (typeof value !== "bigint" && typeof value !== "number") return { fault: "has nothing" };
    return { text: String(unsigned ? BigInt.asUintN(bits, BigInt(value)) : value) };
  };
}

function decimals(scale: number): ReadText {
  const unit = 10n ** BigInt(scale);
  return (value) => {
    if (isNothing(value) || typeof value === "boolean") return { fault: "has nothing" };
    const unscaled = value instanceof Uint8Array ? bigEndian(value) : BigInt(value);
    if (unscaled % unit !== 0n) return { fault: "has a number with a fraction" };
    return { text: String(unscaled / unit) };
  };
}

/** Two's complement. */
function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}

function readText(value: Raw): Text {
  if (!(value instanceof Uint8Array)) return { fault: "has nothing" };
  return { text: value };
}

/** A text as a string. */
export function stringOf(read: Text): { text: string } | { fault: string } {
  if ("fault" in read || typeof read.text === "string") return read as { text: string } | { fault: string };
  return isUtf8(read.text) ? { text: Buffer.from(read.text).toString() } : { fault: "has what is not UTF-8" };
}
