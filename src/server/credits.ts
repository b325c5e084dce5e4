import type { Credits, Lane } from "../format/wire/frame.js";

/** A gate has few scans open, and asks again only those that are still fresh. */
export const GATE_CREDITS: Credits = { items: 4, bytes: 64 * 1024 };
const BULK_BYTES = 16 * 1024 * 1024;

/** What one session may have unanswered; of bulk work `items`. */
export function creditsOf(lane: Lane, items: number): Credits {
  return lane === "gate" ? GATE_CREDITS : { items, bytes: BULK_BYTES };
}
