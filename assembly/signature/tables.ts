import { reserve } from "../memory";

/**
 * Tables of multiples for known keys in a bounded number of buffers. A key is known by its slot; its table lies in a
 * buffer until another key needs that buffer more, and is then built anew on demand. Whether a key has a table decides
 * how fast its signatures are checked, never how they are judged.
 *
 * Work goes in rounds: a table found or claimed in a round stays where it is until the next round opens.
 */
@unmanaged
export class Tables {
  /** Slots there can be, buffers there can be, and buffers there are. */
  slots: i32;
  capacity: i32;
  count: i32;
  bufferSize: i32;
  /** Number of the current round; a buffer last used in it is pinned. */
  round: u32;
  /** For each slot, u16: 1 + its buffer, 0 none; then u16: jobs that had to do without a table. */
  slotRecords: usize;
  /** For each buffer: its address, the slot it serves (i32, -1 none) and the round of its last use (u32). */
  buffers: usize;
}

const SLOT_RECORD: usize = 4;
const BUFFER_RECORD: usize = 12;

/** Book-keeping for `slots` keys and up to `capacity` buffers of `bufferSize` bytes; no buffer exists yet. */
export function createTables(slots: i32, capacity: i32, bufferSize: i32): Tables {
  const tables = changetype<Tables>(reserve(offsetof<Tables>()));
  tables.slots = slots;
  tables.capacity = capacity;
  tables.bufferSize = bufferSize;
  tables.round = 1;
  tables.slotRecords = reserve(<usize>slots * SLOT_RECORD);
  tables.buffers = reserve(<usize>capacity * BUFFER_RECORD);
  return tables;
}

/** Add a buffer if `capacity` allows. Reserves memory, so only while keys are loaded. */
export function addTableBuffer(tables: Tables): void {
  if (tables.count == tables.capacity) return;
  const buffer = bufferAt(tables, tables.count++);
  store<u32>(buffer, <u32>reserve(tables.bufferSize));
  store<i32>(buffer, -1, 4);
  store<u32>(buffer, 0, 8);
}

/** Free what was found or claimed in the round before. */
export function openTableRound(tables: Tables): void {
  tables.round++;
}

/** The table of `slot`, pinned for this round; 0 if it has none. */
export function findTable(tables: Tables, slot: i32): usize {
  const index = <i32>load<u16>(slotAt(tables, slot)) - 1;
  if (index < 0) return 0;
  const buffer = bufferAt(tables, index);
  store<u32>(buffer, tables.round, 8);
  return load<u32>(buffer);
}

/**
 * The least recently used buffer, now of `slot`, pinned for this round, for the caller to build the table in.
 * 0 if every buffer is pinned.
 */
export function claimTable(tables: Tables, slot: i32): usize {
  let oldest: usize = 0;
  let oldestIndex = 0;
  for (let i = 0; i < tables.count; i++) {
    const buffer = bufferAt(tables, i);
    if (oldest == 0 || load<u32>(buffer, 8) < load<u32>(oldest, 8)) {
      oldest = buffer;
      oldestIndex = i;
    }
  }
  if (oldest == 0 || load<u32>(oldest, 8) == tables.round) return 0;
  const before = load<i32>(oldest, 4);
  if (before >= 0) store<u16>(slotAt(tables, before), 0);
  store<i32>(oldest, slot, 4);
  store<u32>(oldest, tables.round, 8);
  store<u16>(slotAt(tables, slot), <u16>(oldestIndex + 1));
  store<u16>(slotAt(tables, slot), 0, 2);
  return load<u32>(oldest);
}

/**
 * Count `jobs` for a key without a table. True once as many have come as make a table worth its building, `price` in
 * jobs: so a key pays at most twice what it would have paid had the future been known.
 */
export function isTableWorthwhile(tables: Tables, slot: i32, jobs: i32, price: i32): bool {
  const record = slotAt(tables, slot);
  const seen = min(<i32>load<u16>(record, 2) + jobs, 0xffff);
  store<u16>(record, <u16>seen, 2);
  return seen >= price;
}

/** Is a buffer free that no key uses? Then a table costs no other key its own. */
export function hasFreeTable(tables: Tables): bool {
  for (let i = 0; i < tables.count; i++) {
    if (load<i32>(bufferAt(tables, i), 4) < 0) return true;
  }
  return false;
}

/** Forget the table of `slot`: another key takes its place. Its buffer becomes free. */
export function dropTable(tables: Tables, slot: i32): void {
  const record = slotAt(tables, slot);
  const index = <i32>load<u16>(record) - 1;
  store<u32>(record, 0);
  if (index < 0) return;
  store<i32>(bufferAt(tables, index), -1, 4);
  store<u32>(bufferAt(tables, index), 0, 8);
}

function slotAt(tables: Tables, slot: i32): usize {
  assert(<u32>slot < <u32>tables.slots);
  return tables.slotRecords + <usize>slot * SLOT_RECORD;
}

function bufferAt(tables: Tables, index: i32): usize {
  return tables.buffers + <usize>index * BUFFER_RECORD;
}
