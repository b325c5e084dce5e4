import {
  BODY_EPOCH,
  BODY_EXPIRES,
  BODY_FIRST_PERIOD,
  BODY_HEADER_SIZE,
  BODY_KEY,
  BODY_PADDING,
  BODY_PERIODS,
  BODY_SHARDS,
  BODY_UNIVERSE,
  FILTER_BLOCKS,
  FILTER_SIZE,
  FILTER_WORDS,
  MAX_COLUMNS,
  MAX_PERIOD,
  PERIOD_FIRST_SHARD,
  PERIOD_FLAGGED_COLUMNS,
  PERIOD_SECONDS,
  PERIOD_SHARDS,
  PERIOD_SIZE,
  PERIOD_SUSPENDED_COLUMNS,
  REST_BLOCKS,
  REST_RIBBONS,
  REST_SIZE,
  REST_WORDS,
  SUSPENDED_FILTER,
} from "../../abi/status-body.js";
import { StatusError } from "./error.js";

/** Laying out the body of a snapshot (status-body.ts) from its parts, and checking one that came from elsewhere. */

export interface BodyParts {
  /** 16 bytes. */
  key: Uint8Array;
  universe: number;
  expires: number;
  epoch: number;
  /** In order of period; MAX_PERIOD may follow at any distance. */
  periods: readonly PeriodPart[];
}

/** Periods that have these shards in common. */
export interface PeriodPart {
  periods: readonly number[];
  flaggedColumns: number;
  suspendedColumns: number;
  shards: readonly ShardPart[];
}

export interface ShardPart {
  filter: RibbonPart;
  /** Absent from the draft that the builder makes on its way. */
  rest?: RibbonPart;
}

export interface RibbonPart {
  /** The directory entry; where the words lie is filled in here. */
  entry: Uint8Array;
  words: Uint8Array;
}

/** The period of a credential that expires at this second; at none where it never does. */
export function periodOf(expires: number | undefined): number {
  return expires === undefined ? MAX_PERIOD : Math.min(Math.floor(Math.max(expires, 0) / PERIOD_SECONDS), MAX_PERIOD);
}

export function layOutBody(parts: BodyParts): Uint8Array {
  const dated = parts.periods.flatMap(({ periods }) => periods).filter((period) => period !== MAX_PERIOD);
  const firstPeriod = dated[0] ?? 0;
  const periodCount = (dated[dated.length - 1] ?? -1) - firstPeriod + 1;
  const shards = parts.periods.flatMap((period) => period.shards);
  const filters = shards.map(({ filter }) => filter);
  const rests = shards.flatMap(({ rest }) => rest ?? []);
  const filterDirectory = BODY_HEADER_SIZE + (periodCount + 1) * PERIOD_SIZE;
  const restDirectory = filterDirectory + shards.length * FILTER_SIZE;
  const firstWord = restDirectory + shards.length * REST_SIZE;
  const wordBytes = [...filters, ...rests].reduce((bytes, { words }) => bytes + words.length, 0);
  const body = new Uint8Array(firstWord + wordBytes + BODY_PADDING);
  const view = new DataView(body.buffer);

  body.set(parts.key, BODY_KEY);
  view.setBigInt64(BODY_UNIVERSE, BigInt(parts.universe), true);
  view.setBigInt64(BODY_EXPIRES, BigInt(parts.expires), true);
  view.setUint32(BODY_EPOCH, parts.epoch, true);
  view.setUint32(BODY_FIRST_PERIOD, firstPeriod, true);
  view.setUint32(BODY_PERIODS, periodCount, true);
  view.setUint32(BODY_SHARDS, shards.length, true);

  let shard = 0;
  for (const part of parts.periods) {
    for (const period of part.periods) {
      const index = period === MAX_PERIOD ? periodCount : period - firstPeriod;
      const entry = BODY_HEADER_SIZE + index * PERIOD_SIZE;
      view.setUint32(entry + PERIOD_FIRST_SHARD, shard, true);
      view.setUint32(entry + PERIOD_SHARDS, part.shards.length, true);
      view.setUint8(entry + PERIOD_FLAGGED_COLUMNS, part.flaggedColumns);
      view.setUint8(entry + PERIOD_SUSPENDED_COLUMNS, part.suspendedColumns);
    }
    shard += part.shards.length;
  }
  const restWord = putRibbons(view, filters, filterDirectory, FILTER_WORDS, firstWord);
  putRibbons(view, rests, restDirectory, REST_WORDS, restWord);
  return body;
}

/** Write ribbons from `at` on, and their entries into `directory`. Returns where they end. */
function putRibbons(view: DataView, parts: RibbonPart[], directory: number, wordsField: number, at: number): number {
  const body = new Uint8Array(view.buffer);
  for (const { entry, words } of parts) {
    body.set(entry, directory);
    view.setUint32(directory + wordsField, at / 8, true);
    body.set(words, at);
    directory += entry.length;
    at += words.length;
  }
  return at;
}

/** Would every look-up in this body stay inside it? Throws StatusError where not. */
export function checkLayout(body: Uint8Array): void {
  if (body.length < BODY_HEADER_SIZE) throw bad("it has no header");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const periodCount = view.getUint32(BODY_PERIODS, true);
  const shardCount = view.getUint32(BODY_SHARDS, true);
  if (periodCount > MAX_PERIOD) throw bad("it has too many periods");
  const filterDirectory = BODY_HEADER_SIZE + (periodCount + 1) * PERIOD_SIZE;
  const restDirectory = filterDirectory + shardCount * FILTER_SIZE;
  const firstWord = restDirectory + shardCount * REST_SIZE;
  if (firstWord + BODY_PADDING > body.length) throw bad("its directories are longer than the body");
  if (body.subarray(BODY_SHARDS + 4, BODY_HEADER_SIZE).some(Boolean)) throw bad("its reserved bytes are not zero");

  const checkWords = (start: number, words: number): void => {
    const end = (start + words) * 8 + BODY_PADDING;
    if (words > 0 && (start * 8 < firstWord || end > body.length)) throw bad("a ribbon lies outside the body");
  };
  for (let entry = BODY_HEADER_SIZE; entry < filterDirectory; entry += PERIOD_SIZE) {
    const first = view.getUint32(entry + PERIOD_FIRST_SHARD, true);
    const end = first + view.getUint32(entry + PERIOD_SHARDS, true);
    const flaggedColumns = view.getUint8(entry + PERIOD_FLAGGED_COLUMNS);
    const suspendedColumns = view.getUint8(entry + PERIOD_SUSPENDED_COLUMNS);
    if (first === end && (first !== 0 || flaggedColumns !== 0)) throw bad("a period without shards is not empty");
    if (end > shardCount) throw bad("a period has shards that are not there");
    if (Math.max(flaggedColumns, suspendedColumns) > MAX_COLUMNS) throw bad("a filter has too many columns");
    if (((flaggedColumns | suspendedColumns) & 1) !== 0) throw bad("a filter has an odd number of columns");
    for (let shard = first; shard < end; shard++) {
      const filter = filterDirectory + shard * FILTER_SIZE;
      const filterBlocks = view.getUint16(filter + FILTER_BLOCKS, true);
      checkWords(view.getUint32(filter + FILTER_WORDS, true), filterBlocks * flaggedColumns);
      const rest = restDirectory + shard * REST_SIZE;
      checkWords(view.getUint32(rest + REST_WORDS, true), restLength(view, rest, suspendedColumns));
    }
  }
}

/** How many words of 8 bytes the three ribbons of a rest entry have. */
function restLength(view: DataView, rest: number, suspendedColumns: number): number {
  let words = 0;
  for (let ribbon = 0; ribbon < REST_RIBBONS; ribbon++) {
    const blocks = view.getUint16(rest + REST_BLOCKS + 2 * ribbon, true);
    words += blocks * (ribbon === SUSPENDED_FILTER ? suspendedColumns : 1);
  }
  return words;
}

function bad(why: string): StatusError {
  return new StatusError("BAD_LAYOUT", `its body does not fit together: ${why}`);
}
