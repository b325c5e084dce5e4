import { createHash } from "node:crypto";
import { Tier } from "../abi/batch.js";
import type { Clock } from "../engine/clock.js";
import { encodeDelta, packIds } from "../format/status/delta.js";
import { encodeTrustList, type TrustedKey } from "../format/trust/trust-list.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import { type BuildProgress, buildSnapshot } from "./snapshot/builder.js";
import { audit } from "./store/audit.js";
import type { CredentialState } from "./store/credentials.js";
import { PUBLICATION_LOCK, type Database } from "./store/database.js";
import type { KeyRow } from "./store/keys.js";
import * as publications from "./store/publications.js";
import { changedSince, countCredentials, statusRecords } from "./store/statuses.js";

/** A file for verifiers: signed, dated, numbered. */
export interface Published extends publications.Publication {
  /** The file's bytes, in order. */
  parts: Uint8Array[];
}

export interface TrustListTerms {
  authority: string;
  root: SigningKey;
  keys: readonly KeyRow[];
  /** Seconds since 1970; and for how long it is in force. */
  now: number;
  validity: number;
}

export async function publishTrustList(database: Database, terms: TrustListTerms): Promise<Published> {
  const { now, validity } = terms;
  const publication = await database.transaction((sql) =>
    publications.openPublication(sql, "trust-list", { now, issued: now, expires: now + validity }),
  );
  return close(database, publication, [await signTrustList(publication, terms)]);
}

/** The list as a file. One for the authority's own use has epoch 0. */
export function signTrustList(
  { epoch, issued, expires }: Omit<publications.Publication, "kind">,
  { authority, root, keys }: Omit<TrustListTerms, "now" | "validity">,
): Promise<Uint8Array> {
  const listed = keys.flatMap((row) => trustedKey(row, authority) ?? []);
  return encodeTrustList({ authority, epoch, issuedAt: issued, expires, keys: listed, root }, (message) =>
    root.sign(message),
  );
}

export interface StatusTerms {
  authority: string;
  signer: SigningKey;
  clock: Clock;
  /** Seconds during which `good` may be said. */
  validity: number;
  /** Told how far a snapshot has come. */
  progress?: (progress: BuildProgress) => void;
}

/** A snapshot of fewer credentials than this is built before threads are started. */
const THREADS_FROM = 50_000;
/** The universe as it is at one moment. */
const FROZEN = "isolation level repeatable read read only";

export async function publishStatus(database: Database, terms: StatusTerms): Promise<Published> {
  const { authority, signer, progress } = terms;
  const reopen = await holdIssuing(database);
  try {
    const publication = await openStatus(database, "status", terms);
    const { epoch, issued: universe, expires } = publication;
    const built = await database.transaction(async (sql) => {
      const count = await countCredentials(sql); // from here on the transaction sees what it now sees
      await reopen();
      const source = { [Symbol.asyncIterator]: () => statusRecords(database, sql) };
      const how = { ...(count < THREADS_FROM && { threads: 0 }), ...(progress && { progress }) };
      return buildSnapshot(source, { issuer: authority, epoch, universe, expires, signer, ...how });
    }, FROZEN);
    return await close(database, publication, [built.head, built.body]);
  } finally {
    await reopen();
  }
}

/** While issuing is held: nothing has been issued since the universe's time. It never goes back, whatever the clock says. */
function openStatus(
  database: Database,
  kind: "status" | "delta",
  { clock, validity }: StatusTerms,
): Promise<publications.Publication> {
  return database.transaction(async (sql) => {
    const now = Math.floor(clock() / 1000);
    const universe = Math.max(now - 1, await publications.lastUniverse(sql)); // this second is not over
    return publications.openPublication(sql, kind, { now, issued: universe, expires: universe + validity });
  });
}

/** All that has changed since the last snapshot, which any verifier that has this snapshot can apply. */
export async function publishDelta(database: Database, terms: StatusTerms): Promise<Published> {
  const { authority, signer } = terms;
  const reopen = await holdIssuing(database);
  try {
    const publication = await openStatus(database, "delta", terms);
    const { epoch, issued: universe, expires } = publication;
    const { base, changes } = await database.transaction(async (sql) => {
      const snapshot = await publications.lastSnapshot(sql);
      if (snapshot === undefined) throw new AuthorityError({ code: "WRONG_STATE", is: "no-snapshot" });
      return { base: snapshot.epoch, changes: await changedSince(sql, snapshot) };
    }, FROZEN);
    await reopen();
    const idsOf = (...states: CredentialState[]): Uint8Array =>
      packIds(changes.filter(({ state }) => states.includes(state)).map(({ id }) => id));
    const claims = { issuer: authority, epoch, base, from: base, universe, expires };
    const ids = { good: idsOf("good"), revoked: idsOf("revoked", "void"), suspended: idsOf("suspended") };
    return await close(database, publication, [await encodeDelta({ ...claims, ...ids }, signer)]);
  } finally {
    await reopen();
  }
}

/**
 * Whoever records a credential holds this lock shared, and then finds the universe's time: so everything issued up to
 * that time is in view, and nothing is issued into it later. Returns what lets them go on.
 */
async function holdIssuing(database: Database): Promise<() => Promise<void>> {
  const held = await database.hold(PUBLICATION_LOCK);
  return () => held.release();
}

async function close(
  database: Database,
  publication: publications.Publication,
  parts: Uint8Array[],
): Promise<Published> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  const { kind, epoch } = publication;
  await database.transaction(async (sql) => {
    await publications.closePublication(sql, publication, hash.digest());
    await audit(sql, [{ actor: "hufu", action: "publish", detail: { kind, epoch } }]);
  });
  return { ...publication, parts };
}

/** The root signs the list and nothing else, so it is not in it. */
export function trustedKey(row: KeyRow, issuer: string): TrustedKey | undefined {
  if (row.use === "root") return undefined;
  const key: TrustedKey = {
    kids: [row.kid],
    algorithm: row.algorithm,
    publicKey: row.publicKey,
    issuer,
    notBefore: Math.floor(row.notBefore.getTime() / 1000),
    notAfter: Math.floor(row.notAfter.getTime() / 1000),
    use: row.use,
    promisesStatus: true,
  };
  if (row.use === "credential") key.tiers = [Tier.LITE, Tier.FULL];
  return key;
}
