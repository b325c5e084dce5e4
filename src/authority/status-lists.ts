import { Status } from "../abi/batch.js";
import { statusListFile } from "../format/feed.js";
import { encodeStatusList, packStatuses, type TokenStatusList } from "../format/status/token-status-list.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import { LIST_LENGTH } from "./list-places.js";
import { audit } from "./store/audit.js";
import type { ListPlace } from "./store/credentials.js";
import type { Database } from "./store/database.js";
import { listedStatuses } from "./store/statuses.js";

/**
 * Token Status Lists beside our own snapshots, for verifiers that know no others: a credential names a list and its
 * place in it (list-places.ts). A list has room for LIST_LENGTH credentials, so that nobody has to fetch a nation's for
 * one card.
 */

/** VALID, INVALID and SUSPENDED (draft-ietf-oauth-status-list, section 7.1). */
const LIST_BITS = 2;

/** What a credential says of its place: `base` is the address that the published folder has. */
export function referenceTo(base: string, { list, index }: ListPlace): { index: number; uri: string } {
  return { index, uri: addressOf(base, list) };
}

export interface PublishedList {
  name: string;
  /** Seconds since 1970. */
  expires: number;
  file: Uint8Array;
}

export interface StatusListTerms {
  base: string;
  signer: SigningKey;
  /** Seconds since 1970; and during which a list may be relied on. */
  issuedAt: number;
  validity: number;
}

/** Every list as it is now, one after another: never are all in memory. */
export async function* publishStatusLists(
  database: Database,
  { base, signer, issuedAt, validity }: StatusListTerms,
): AsyncGenerator<PublishedList> {
  const expires = issuedAt + validity;
  let lists = 0;
  for await (const { name, statuses } of readLists(database)) {
    const packed = packStatuses(statuses, LIST_BITS);
    const list: TokenStatusList = { uri: addressOf(base, name), issuedAt, expires, bits: LIST_BITS, statuses: packed };
    yield { name, expires, file: await encodeStatusList(list, signer) };
    lists++;
  }
  await database.transaction((sql) =>
    audit(sql, [{ actor: "hufu", action: "publish", detail: { kind: "status-list", lists } }]),
  );
}

/** The statuses of each list. A place that no credential has is called good: nobody can ask for it. */
async function* readLists(database: Database): AsyncGenerator<{ name: string; statuses: Status[] }> {
  let name: string | undefined;
  let statuses: Status[] = [];
  for await (const rows of listedStatuses(database)) {
    for (const { list, index, status } of rows) {
      if (list !== name) {
        if (name !== undefined) yield { name, statuses };
        name = list;
        statuses = new Array<Status>(LIST_LENGTH).fill(Status.GOOD);
      }
      statuses[index] = status;
    }
  }
  if (name !== undefined) yield { name, statuses };
}

/** Throws AuthorityError where lists cannot be published under this address. */
export function checkBase(base: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:")
    return url.href.endsWith("/") ? url.href : `${url.href}/`;
  throw new AuthorityError({ code: "BAD_ADDRESS", address: base });
}

function addressOf(base: string, name: string): string {
  return new URL(statusListFile(name), base).href;
}
