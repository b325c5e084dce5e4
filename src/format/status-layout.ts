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
  FLAGGED_FILTER,
  MAX_COLUMNS,
  MAX_PERIOD,
  PERIOD_FIRST_SHARD,
  PERIOD_FLAGGED_COLUMNS,
  PERIOD_SECONDS,
  PERIOD_SHARDS,
  PERIOD_SIZE,
  PERIOD_SUSPENDED_COLUMNS,
  RIBBONS,
  SHARD_BLOCKS,
  SHARD_SIZE,
  SHARD_WORDS,
  SUSPENDED_FILTER,
} from "./status-body.js";
import { StatusError } from "./status-error.js";

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

export interface PeriodPart {
  period: number;
  flaggedColumns: number;
  suspendedColumns: number;
  shards: readonly ShardPart[];
}

export interface ShardPart {
  /** The directory entry, SHARD_SIZE bytes; where its words lie is filled in here. */
  entry: Uint8Array;
  /** Words of its ribbons, in pieces that follow one another. */
  words: readonly Uint8Array[];
}

/** The period of a credential that expires at this second; at none where it never does. */
export function periodOf(expires: number | undefined): number {
  return expires === undefined ? MAX_PERIOD : Math.min(Math.floor(Math.max(expires, 0) / PERIOD_SECONDS), MAX_PERIOD);
}

export function layOutBody(parts: BodyParts): Uint8Array {
  const dated = parts.periods.filter(({ period }) => period !== MAX_PERIOD);
  const firstPeriod = dated[0]?.period ?? 0;
  const periodCount = (dated.at(-1)?.period ?? -1) - firstPeriod + 1;
  const shards = parts.periods.flatMap((period) => period.shards);
  const shardDirectory = BODY_HEADER_SIZE + (periodCount + 1) * PERIOD_SIZE;
  const wordBytes = shards.reduce((sum, { words }) => sum + words.reduce((bytes, piece) => bytes + piece.length, 0), 0);
  const firstWord = shardDirectory + shards.length * SHARD_SIZE;
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
    const index = part.period === MAX_PERIOD ? periodCount : part.period - firstPeriod;
    const entry = BODY_HEADER_SIZE + index * PERIOD_SIZE;
    view.setUint32(entry + PERIOD_FIRST_SHARD, shard, true);
    view.setUint32(entry + PERIOD_SHARDS, part.shards.length, true);
    view.setUint8(entry + PERIOD_FLAGGED_COLUMNS, part.flaggedColumns);
    view.setUint8(entry + PERIOD_SUSPENDED_COLUMNS, part.suspendedColumns);
    shard += part.shards.length;
  }
  let at = firstWord;
  for (const [index, { entry, words }] of shards.entries()) {
    const directory = shardDirectory + index * SHARD_SIZE;
    body.set(entry, directory);
    view.setUint32(directory + SHARD_WORDS, at / 8, true);
    for (const piece of words) {
      body.set(piece, at);
      at += piece.length;
    }
  }
  return body;
}

/** Would every look-up in this body stay inside it? Throws StatusError where not. */
export function checkLayout(body: Uint8Array): void {
  if (body.length < BODY_HEADER_SIZE) throw bad("it has no header");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const periodCount = view.getUint32(BODY_PERIODS, true);
  const shardCount = view.getUint32(BODY_SHARDS, true);
  if (periodCount > MAX_PERIOD) throw bad("it has too many periods");
  const shardDirectory = BODY_HEADER_SIZE + (periodCount + 1) * PERIOD_SIZE;
  const firstWord = shardDirectory + shardCount * SHARD_SIZE;
  if (firstWord + BODY_PADDING > body.length) throw bad("its directories are longer than the body");
  if (body.subarray(BODY_SHARDS + 4, BODY_HEADER_SIZE).some(Boolean)) throw bad("its reserved bytes are not zero");

  for (let entry = BODY_HEADER_SIZE; entry < shardDirectory; entry += PERIOD_SIZE) {
    const first = view.getUint32(entry + PERIOD_FIRST_SHARD, true);
    const end = first + view.getUint32(entry + PERIOD_SHARDS, true);
    const flagged = view.getUint8(entry + PERIOD_FLAGGED_COLUMNS);
    const suspended = view.getUint8(entry + PERIOD_SUSPENDED_COLUMNS);
    if (end > shardCount) throw bad("a period has shards that are not there");
    if (flagged > MAX_COLUMNS || suspended > MAX_COLUMNS) throw bad("a filter has too many columns");
    for (let shard = first; shard < end; shard++) {
      const directory = shardDirectory + shard * SHARD_SIZE;
      const start = view.getUint32(directory + SHARD_WORDS, true) * 8;
      const bytes = wordsOf(view, directory, flagged, suspended) * 8;
      if (start < firstWord || start + bytes + BODY_PADDING > body.length) throw bad("a shard lies outside the body");
    }
  }
}

/** How many words of 8 bytes a shard's ribbons have, by its directory entry. */
function wordsOf(view: DataView, entry: number, flaggedColumns: number, suspendedColumns: number): number {
  let words = 0;
  for (let ribbon = 0; ribbon < RIBBONS; ribbon++) {
    const blocks = view.getUint16(entry + SHARD_BLOCKS + 2 * ribbon, true);
    words += blocks * (ribbon === FLAGGED_FILTER ? flaggedColumns : ribbon === SUSPENDED_FILTER ? suspendedColumns : 1);
  }
  return words;
}

function bad(why: string): StatusError {
  return new StatusError("BAD_LAYOUT", `its body does not fit together: ${why}`);
}
