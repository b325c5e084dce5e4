import { decode } from "cborg";
import { type Fault, integerOf, type Item, Major, valueOf } from "./cbor.js";

/** The dates of a card (NumericDate of RFC 8392 section 2: seconds since 1970), and what is wrong with one. */
export interface Dates {
  expires?: number;
  notBefore?: number;
  issuedAt?: number;
}

const DATES = [
  { claim: 4, name: "exp", as: "expires" },
  { claim: 5, name: "nbf", as: "notBefore" },
  { claim: 6, name: "iat", as: "issuedAt" },
] as const;

/** From here on, in the year 5138, no date is one of a card; in milliseconds it is a day in 1973. */
const NO_DATE = 1e11;

export function datesOf(bytes: Uint8Array, claims: Item): Dates {
  const dates: Dates = {};
  for (const { claim, as } of DATES) {
    const item = valueOf(claims, claim);
    const seconds = item && secondsOf(bytes, item);
    if (seconds !== undefined && Number.isFinite(seconds)) dates[as] = seconds;
  }
  return dates;
}

/** The first date that is not a number of seconds. */
export function faultInTypes(bytes: Uint8Array, claims: Item): Fault | undefined {
  for (const { claim, name } of DATES) {
    const item = valueOf(claims, claim);
    if (item === undefined) continue;
    const seconds = secondsOf(bytes, item);
    const rule = `${name} (${claim}) is a finite number of seconds, untagged (RFC 8392 section 2)`;
    if (seconds === undefined || !Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
      return { byte: item.start, rule };
    }
  }
  return undefined;
}

/** What is wrong with dates that are numbers. */
export function faultInDates(claims: Item, dates: Dates): Fault | undefined {
  for (const { claim, name, as } of DATES) {
    const scale = scaleOf(dates[as]);
    const item = valueOf(claims, claim);
    if (scale !== undefined && item) return { byte: item.start, rule: `${name} (${claim}) counts seconds: ${scale}` };
  }
  const issued = valueOf(claims, 6);
  const { issuedAt, expires, notBefore } = dates;
  if (issued && issuedAt !== undefined && expires !== undefined && issuedAt > expires) {
    return {
      byte: issued.start,
      rule: `iat (6), ${timeOf(issuedAt)}, is not after exp (4), ${timeOf(expires)}`,
    };
  }
  const start = valueOf(claims, 5);
  if (start && notBefore !== undefined && expires !== undefined && notBefore > expires) {
    return { byte: start.start, rule: `nbf (5), ${timeOf(notBefore)}, is not after exp (4), ${timeOf(expires)}` };
  }
  return undefined;
}

/** What a number too large for a date was counted in, if that can be seen. */
export function scaleOf(date: number | undefined): string | undefined {
  if (date === undefined || Math.abs(date) < NO_DATE) return undefined;
  const units = [
    [1e3, "milliseconds"],
    [1e6, "microseconds"],
    [1e9, "nanoseconds"],
  ] as const;
  const found = units.find(([unit]) => date / unit < NO_DATE && date > 0);
  if (found === undefined) return `${date} is not a date`;
  return `${date} is in ${found[1]}, and stands for ${timeOf(date / found[0])}`;
}

/** Seconds since 1970 as RFC 3339, as far as that has years for them. */
export function timeOf(seconds: number): string {
  const time = new Date(Math.floor(seconds) * 1000);
  const year = time.getUTCFullYear();
  return year >= 0 && year <= 9999 ? time.toISOString().replace(".000Z", "Z") : `second ${seconds}`;
}

/** The number that an item is: an integer, or a float of two, four or eight bytes. */
function secondsOf(bytes: Uint8Array, item: Item): number | undefined {
  const integer = integerOf(item);
  if (integer !== undefined) return Number(integer);
  if (item.major !== Major.SIMPLE || item.content - item.start < 3) return undefined;
  return decode(bytes.subarray(item.start, item.end)) as number;
}
