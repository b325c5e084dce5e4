import { createHash } from "node:crypto";
import { Tier } from "../abi/batch.js";
import { encodeDelta, packIds } from "../format/status/delta.js";
import { encodeTrustList, type TrustedKey } from "../format/trust/trust-list.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import { type BuildProgress, buildSnapshot } from "./snapshot/builder.js";
import { PUBLICATION_LOCK, type Database } from "./store/database.js";
import * as store from "./store/store.js";
import { audit } from "./store/audit.js";

/** A file for verifiers: signed, dated, numbered. */
export interface Published extends store.Publication {
  /** The file's bytes, in order. */
  parts: Uint8Array[];
}

export interface TrustListTerms {
  authority: string;
  root: SigningKey;
  keys: readonly store.KeyRow[];
  /** Seconds. */
  validity: number;
}

export async function publishTrustList(database: Database, terms: TrustListTerms): Promise<Published> {
  const issued = now();
  const publication = await database.transaction((sql) =>
    store.openPublication(sql, "trust-list", issued, issued + terms.validity),
  );
  return close(database, publication, [await signTrustList(publication, terms)]);
}

/** The list as a file. One for the authority's own use has epoch 0. */
export function signTrustList(
  { epoch, issued, expires }: Omit<store.Publication, "kind">,
  { authority, root, keys }: Omit<TrustListTerms, "validity">,
): Promise<Uint8Array> {
  const listed = keys.flatMap((row) => trustedKey(row, authority) ?? []);
  return encodeTrustList({ authority, epoch, issuedAt: issued, expires, keys: listed, root }, (message) =>
    root.sign(message),
  );
}

export interface StatusTerms {
  authority: string;
  signer: SigningKey;
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
  const { authority, signer, validity, progress } = terms;
  const reopen = await holdIssuing(database);
  try {
    const publication = await openStatus(database, "status", validity);
    const { epoch, issued: universe, expires } = publication;
    const built = await database.transaction(async (sql) => {
      const count = await store.countCredentials(sql); // from here on the transaction sees what it now sees
      await reopen();
      const source = { [Symbol.asyncIterator]: () => store.statusRecords(database, sql) };
      const how = { ...(count < THREADS_FROM && { threads: 0 }), ...(progress && { progress }) };
      return buildSnapshot(source, { issuer: authority, epoch, universe, expires, signer, ...how });
    }, FROZEN);
    return await close(database, publication, [built.head, built.body]);
  } finally {
    await reopen();
  }
}

/** While issuing is held: nothing has been issued since the universe's time. It never goes back, whatever the clock says. */
function openStatus(database: Database, kind: "status" | "delta", validity: number): Promise<store.Publication> {
  return database.transaction(async (sql) => {
    const universe = Math.max(now() - 1, await store.lastUniverse(sql)); // this second is not over
    return store.openPublication(sql, kind, universe, universe + validity);
  });
}

/** All that has changed since the last snapshot, which any verifier that has this snapshot can apply. */
export async function publishDelta(database: Database, terms: StatusTerms): Promise<Published> {
  const { authority, signer, validity } = terms;
  const reopen = await holdIssuing(database);
  try {
    const publication = await openStatus(database, "delta", validity);
    const { epoch, issued: universe, expires } = publication;
    const { base, changes } = await database.transaction(async (sql) => {
      const snapshot = await store.lastSnapshot(sql);
      if (snapshot === undefined) {
        throw new AuthorityError("WRONG_STATE", "there is no snapshot for a delta to be about", "publish one first");
      }
      return { base: snapshot.epoch, changes: await store.changedSince(sql, snapshot.universe) };
    }, FROZEN);
    await reopen();
    const idsOf = (...states: store.CredentialState[]): Uint8Array =>
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

async function close(database: Database, publication: store.Publication, parts: Uint8Array[]): Promise<Published> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  const { kind, epoch } = publication;
  await database.transaction(async (sql) => {
    await store.closePublication(sql, publication, hash.digest());
    await audit(sql, [{ actor: "hufu", action: "publish", detail: { kind, epoch } }]);
  });
  return { ...publication, parts };
}

/** The root signs the list and nothing else, so it is not in it. */
export function trustedKey(row: store.KeyRow, issuer: string): TrustedKey | undefined {
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

function now(): number {
  return Math.floor(Date.now() / 1000);
}
