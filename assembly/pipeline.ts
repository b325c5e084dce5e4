import { CONTEXT_AT, Format, HEADER_ITEM_COUNT, HEADER_TEXT_LENGTH, MAX_BATCH_ITEMS } from "../src/abi/batch";
import { hasRoom, wipeArena } from "./arena";
import { BATCH, codeOf, contextAt, credentialAt, setCode, wipeCredentials, wipeTexts } from "./batch";
import { hasImpossibleDates } from "./credential/cwt";
import { Parts, resetDetail, tell, writeDetail } from "./detail";
import { collectJobs } from "./issuer";
import { flushAllJobs, queueHolder } from "./jobs";
import { forgetUndecided } from "./expected";
import { judge } from "./policy";
import { readItem, wipeCompressed } from "./reading";
import { Code } from "./result";

/**
 * A batch from text to verdict, stage by stage: decode and parse every item, collect the signatures to check, check
 * them together, then judge status and policy. The first stage that refuses an item decides its code.
 */

/**
 * Judge the items of the batch from index `from` on, as many as the arena holds; returns the index of the next item
 * to begin with, which is the item count when all are done. Where names are undecided the host settles them; `finish`
 * follows.
 */
export function verify(from: i32): i32 {
  const count = min(load<i32>(BATCH, HEADER_ITEM_COUNT), MAX_BATCH_ITEMS);
  const textLength = load<u32>(BATCH, HEADER_TEXT_LENGTH);
  resetDetail();
  forgetUndecided();
  let end = from;
  while (end < count && hasRoom()) {
    readItem(end, textLength);
    end++;
  }
  for (let item = from; item < end; item++) {
    if (codeOf(item) != Code.UNVERIFIED) continue;
    const credential = credentialAt(item);
    const isStatic = credential.format == Format.CLAIM169; // a presentation's dates have been held against each other
    if (isStatic && hasImpossibleDates(credential, load<i64>(contextAt(item), CONTEXT_AT))) setCode(item, Code.BAD_CWT);
    else {
      collectJobs(item);
      queueHolder(item);
    }
  }
  flushAllJobs();
  for (let item = from; item < end; item++) {
    if (codeOf(item) == Code.VALID) judge(item);
  }
  return end;
}

/** After `verify(from)` returned `end`: the detail of these items is ready to be read, and nothing of their cards left. */
export function finish(from: i32, end: i32): void {
  const count = min(load<i32>(BATCH, HEADER_ITEM_COUNT), MAX_BATCH_ITEMS);
  for (let item = from; item < min(end, count); item++) tell(item);
  forgetUndecided();
  wipe(from, end);
  if (end >= count) wipeTexts(load<u32>(BATCH, HEADER_TEXT_LENGTH));
}

/**
 * Read the first item without judging it: what `hufu decode` shows. Returns Code.UNVERIFIED, or the code of the stage
 * that could not read it; the detail of whatever was read is ready.
 */
export function inspect(): Code {
  resetDetail();
  const textLength = load<u32>(BATCH, HEADER_TEXT_LENGTH);
  readItem(0, textLength);
  if (codeOf(0) == Code.UNVERIFIED) writeDetail(credentialAt(0), Parts.ALL);
  wipe(0, 1);
  wipeTexts(textLength);
  return codeOf(0);
}

/** What lay here was personal data; the next batch may be another relying party's. */
function wipe(from: i32, end: i32): void {
  wipeArena();
  wipeCompressed();
  wipeCredentials(from, end);
}
