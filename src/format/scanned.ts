/**
 * What scanners add around a base45 text, as assembly/decode/scanned.ts takes it off. The engine decides; this is for
 * saying where in the text as given a fault lies, and what has happened to it.
 */
const BEFORE = /^(?:[\0-\x20]|\ufeff|\][A-Za-z][A-Za-z0-9]|\\[0-9]{6}|QR-Code:)+/;
const AFTER = /[\0-\x20]+$/;

export interface Scanned {
  text: string;
  /** Characters that were taken off in front. */
  before: number;
}

export function takeOffScanned(given: string): Scanned {
  const before = BEFORE.exec(given)?.[0].length ?? 0;
  return { text: given.slice(before).replace(AFTER, ""), before };
}
