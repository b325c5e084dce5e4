import { Status } from "../format/batch.js";
import { statusListFile } from "../format/feed.js";
import { encodeStatusList, packStatuses, type TokenStatusList } from "../format/token-status-list.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import type { Database } from "./store/database.js";
import * as store from "./store/store.js";

/**
 * Token Status Lists beside our own snapshots, for verifiers that know no others: a credential names a list and its
 * place in it. A list has room for LIST_LENGTH credentials, so that nobody has to fetch a nation's for one card.
 */

export const LIST_LENGTH = 1 << 20;
/** VALID, INVALID and SUSPENDED (draft-ietf-oauth-status-list, section 7.1). */
const LIST_BITS = 2;

/** What a credential says of its place: `base` is the address that the published folder has. */
export function placeInLists(base: string, place: number): { index: number; uri: string } {
  return { index: place % LIST_LENGTH, uri: addressOf(base, Math.floor(place / LIST_LENGTH)) };
}

export interface PublishedList {
  number: number;
  /** Seconds since 1970. */
  expires: number;
  file: Uint8Array;
}

export interface StatusListTerms {
  base: string;
  signer: SigningKey;
  /** Seconds during which a list may be relied on. */
  validity: number;
}

/** Every list as it is now, one after another: never are all in memory. */
export async function* publishStatusLists(
  database: Database,
  { base, signer, validity }: StatusListTerms,
): AsyncGenerator<PublishedList> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const expires = issuedAt + validity;
  let lists = 0;
  for await (const { number, statuses } of readLists(database)) {
    const packed = packStatuses(statuses, LIST_BITS);
    const list: TokenStatusList = {
      uri: addressOf(base, number),
      issuedAt,
      expires,
      bits: LIST_BITS,
      statuses: packed,
    };
    yield { number, expires, file: await encodeStatusList(list, signer) };
    lists++;
  }
  await database.sql.begin((sql) =>
    store.audit(sql, [{ actor: "hufu", action: "publish", detail: { kind: "status-list", lists } }]),
  );
}

/** The statuses of each list. A place that no credential has is called good: nobody can ask for it. */
async function* readLists(database: Database): AsyncGenerator<{ number: number; statuses: Status[] }> {
  let number = 0;
  let statuses: Status[] = [];
  for await (const rows of store.listedStatuses(database.sql)) {
    for (const { place, status } of rows) {
      for (; place >= (number + 1) * LIST_LENGTH; number++) {
        yield { number, statuses };
        statuses = [];
      }
      while (statuses.length < place % LIST_LENGTH) statuses.push(Status.GOOD);
      statuses.push(status);
    }
  }
  if (statuses.length > 0) yield { number, statuses };
}

/** Throws AuthorityError where lists cannot be published under this address. */
export function checkBase(base: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:")
    return url.href.endsWith("/") ? url.href : `${url.href}/`;
  throw new AuthorityError(
    "BAD_ADDRESS",
    `${base} is no web address`,
    "give one such as https://authority.example/feed/",
  );
}

function addressOf(base: string, number: number): string {
  return new URL(statusListFile(number), base).href;
}
