import { randomBytes, randomInt } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { toHex } from "../format/bytes.js";
import type { ListPlace } from "./store/credentials.js";
import type { Transaction } from "./store/database.js";
import * as lists from "./store/lists.js";

/**
 * Places in Token Status Lists. Two credentials in one place would be revoked together, and good together, so no place
 * may be given twice: not even by an authority that was restored from a backup and knows nothing of the places it has
 * given since. A list is therefore gone on with only where it is certain that nothing was restored, and else a new one
 * is opened, with a name that was never used.
 *
 * What makes it certain is a marker in the data folder, changed together with the database whenever places are given:
 * - either of them restored alone: they say different things;
 * - both restored together: the marker is another file than the one that the database has noted (a copy has another
 *   inode and another time of change, which nobody can set), or the machine has been started since.
 * A marker that is missing or wrong costs nothing but one more list.
 */
export const LIST_LENGTH = 1 << 20;
/** Up to here a random place is most likely free. */
const MOST_USED = LIST_LENGTH / 2;

interface Marker {
  list: string;
  mark: string;
}

export class ListPlaces {
  /** `file`: the marker. */
  constructor(private readonly file: string) {}

  /** Places for so many credentials. The list's row stays locked until the transaction ends. */
  async take(sql: Transaction, count: number): Promise<ListPlace[]> {
    const { list, used } = (await this.#openList(sql, count)) ?? { list: random(8), used: 0 };
    if (used === 0) await lists.openList(sql, list);
    const indices = await freePlaces(sql, list, count);
    const mark = random(16);
    this.#write({ list, mark });
    await lists.markList(sql, list, { mark, witness: this.#witness(), used: used + count });
    return indices.map((index) => ({ list, index }));
  }

  /** The list that this data folder was at, where it is certain that no restore came between and it has room. */
  async #openList(sql: Transaction, count: number): Promise<{ list: string; used: number } | undefined> {
    const list = this.#read()?.list;
    const row = list === undefined ? undefined : await lists.lockList(sql, list);
    if (list === undefined || row === undefined || row.used + count > MOST_USED) return undefined;
    // Read again: until the row was locked another process may have been at work on both.
    const marker = this.#read();
    if (marker?.list !== list || marker.mark !== row.mark || this.#witness() !== row.witness) return undefined;
    return { list, used: row.used };
  }

  #read(): Marker | undefined {
    try {
      const marker = JSON.parse(readFileSync(this.file, "utf8")) as Partial<Marker>;
      const { list, mark } = marker;
      return typeof list === "string" && typeof mark === "string" ? { list, mark } : undefined;
    } catch {
      return undefined;
    }
  }

  #write(marker: Marker): void {
    const draft = `${this.file}.${random(4)}`;
    try {
      const file = openSync(draft, "wx", 0o600);
      writeSync(file, JSON.stringify(marker));
      fsyncSync(file);
      closeSync(file);
      renameSync(draft, this.file);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** What a copy of the marker would not have, nor the marker itself after a restart. */
  #witness(): string {
    const { dev, ino, ctimeNs } = statSync(this.file, { bigint: true });
    return [dev, ino, ctimeNs, bootId()].join(" ");
  }
}

/** Where the system has no such thing, the marker's file alone is asked. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

async function freePlaces(sql: Transaction, list: string, count: number): Promise<number[]> {
  const free = new Set<number>();
  while (free.size < count) {
    const some = new Set<number>();
    while (some.size < count + 16) some.add(randomInt(LIST_LENGTH));
    const taken = await lists.takenPlaces(sql, list, Array.from(some));
    for (const index of some) if (!taken.has(index) && free.size < count) free.add(index);
  }
  return Array.from(free);
}

function random(bytes: number): string {
  return toHex(new Uint8Array(randomBytes(bytes)));
}
