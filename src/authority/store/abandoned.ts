import { readdirSync, rmSync, statSync, type Stats } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";

/** What commands and servers that were killed have left behind. */

/** Younger ones may be somebody's who is just about to use them (milliseconds). */
export const ABANDONED = 600_000;

/** A folder that appears whole or not at all is made under this name first. */
export function draftOf(folder: string, random: string): string {
  return `${folder}.${random}`;
}

/** Removes what was begun for the folder under `draftOf` and never finished. */
export function sweepDrafts(folder: string): void {
  for (const path of abandoned(draftOf(folder, ""), /^[0-9a-f]{8}$/)) remove(path);
}

/** Removes folders of that prefix and six letters that hold the socket `name` of PostgreSQL, to which nobody listens. */
export async function sweepSockets(prefix: string, name: string): Promise<void> {
  const known = [name, `${name}.lock`];
  for (const path of abandoned(prefix, /^[A-Za-z0-9]{6}$/)) {
    const files = filesIn(path);
    const isOurs = files.length > 0 && files.every((file) => known.includes(file));
    if (isOurs && (await isDead(join(path, name)))) remove(path);
  }
}

/** Removes a file that was made, and into which nothing was written. */
export function sweepEmpty(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.size === 0 && isOld(found)) remove(file);
}

/** Old folders whose path is the prefix and what `rest` matches. */
function abandoned(prefix: string, rest: RegExp): string[] {
  const begin = basename(prefix);
  return filesIn(dirname(prefix))
    .filter((name) => name.startsWith(begin) && rest.test(name.slice(begin.length)))
    .map((name) => join(dirname(prefix), name))
    .filter((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isDirectory() === true && isOld(found);
    });
}

function isOld({ mtimeMs }: Stats): boolean {
  return mtimeMs < Date.now() - ABANDONED;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // gone meanwhile, or another user's
  }
}

/** unix(7): what nobody listens to refuses, and without a socket there is nothing that could be used. */
function isDead(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const line = connect(socket);
    line.once("connect", () => {
      line.destroy();
      resolve(false);
    });
    line.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "ECONNREFUSED" || code === "ENOENT");
    });
  });
}

/** What cannot be removed is in nobody's way. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    return;
  }
}
