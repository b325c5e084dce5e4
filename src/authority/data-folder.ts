import { accessSync, constants, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AuthorityError } from "./errors.js";
import { makeFolder } from "./folder.js";
import type { DatabaseOptions } from "./store/database.js";

/** The folder in which an authority keeps its keys, and its database where it has none elsewhere. */

/** Only its owner may look into it. */
export function makeDataFolder(data: string): void {
  try {
    makeFolder(data, 0o700);
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(data, error);
  }
}

/** Throws where this user may not even look. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw unusable(dirname(path), error);
  }
}

function unusable(data: string, error: unknown): AuthorityError {
  const why = error instanceof Error ? error.message : String(error);
  return new AuthorityError({ code: "STORE_UNAVAILABLE", is: "closed-folder", folder: data, why });
}

export function keyFolder(data: string): string {
  return join(data, "keys");
}

/** What names the data of an authority, and how to get to it. */
export interface DataOptions {
  /** Folder of the private keys and, unless `databaseUrl` is given, of the database. */
  data: string;
  databaseUrl?: string;
  /** For the same database: the account that owns its tables, where `databaseUrl` names another. */
  ownerUrl?: string;
  /** How long anything may wait for another command, in milliseconds. */
  lockTimeout?: number;
}

export function databaseOf({ data, databaseUrl, ownerUrl, lockTimeout }: DataOptions): DatabaseOptions {
  return {
    folder: join(data, "postgres"),
    ...(databaseUrl !== undefined && { url: databaseUrl }),
    ...(ownerUrl !== undefined && { ownerUrl }),
    ...(lockTimeout !== undefined && { lockTimeout }),
  };
}
