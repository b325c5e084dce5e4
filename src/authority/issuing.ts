import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { Tier } from "../format/batch.js";
import { encodeSign1 } from "../format/cose.js";
import { credentialHeaders, encodeCredentialClaims, qrText, type CredentialClaims } from "../format/credential.js";
import type { CheckIssued } from "./check.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import { holderKeyOf, identityOf, type Person } from "./person.js";
import { placeInLists } from "./status-lists.js";
import { PUBLICATION_LOCK, type Database, type Transaction } from "./store/database.js";
import * as store from "./store/store.js";

/**
 * The issuing cycle, after Let's Encrypt's Boulder: record what is about to be signed, sign it, have the real engine
 * verify it, record the result, release it. A cycle that stops anywhere leaves pending rows, which `recover` voids: a
 * signature that nobody has been given may exist, and snapshots call it revoked.
 */

export interface Order {
  person: Person;
  tier: Tier;
  /** Replaces what its holder has; otherwise a holder with a credential in force gets no other. */
  replace?: boolean;
}

export interface IssuedCard {
  id: Uint8Array;
  person: Person;
  tier: Tier;
  issued: Date;
  expires: Date;
  /** COSE_Sign1. */
  signed: Uint8Array;
  qr: string;
}

export interface IssuingTerms {
  issuer: string;
  key: SigningKey;
  /** Seconds since 1970; whole. */
  issuedAt: number;
  expires: number;
  /** Address under which Token Status Lists are published, where credentials are to name one. */
  statusLists: string | undefined;
  actor: string;
  run: Run;
  check: CheckIssued;
}

/** Credentials recorded in one transaction. */
const CHUNK = 500;

/** Cards for the orders, undefined for holders who have a credential in force or on the way. */
export async function issue(
  database: Database,
  orders: readonly Order[],
  terms: IssuingTerms,
): Promise<(IssuedCard | undefined)[]> {
  const cards: (IssuedCard | undefined)[] = [];
  for (let i = 0; i < orders.length; i += CHUNK) {
    cards.push(...(await issueChunk(database, orders.slice(i, i + CHUNK), terms)));
  }
  return cards;
}

/**
 * While an authority is open it holds the advisory lock of its run, and its pending credentials bear the run's number:
 * pending credentials whose run is not locked are of a process that is gone.
 */
export interface Run {
  number: number;
  end(): Promise<void>;
}

export async function beginRun(database: Database): Promise<Run> {
  const number = await store.nextRun(database.sql);
  const release = await database.hold(number);
  return {
    number,
    // A lock that was lost with its connection has been let go of.
    end: () => release().catch(() => undefined),
  };
}

/** Voids what interrupted cycles left behind; cycles at work are left alone. */
export async function recover(database: Database): Promise<number> {
  let voided = 0;
  for (const run of await store.pendingRuns(database.sql)) {
    voided += await database.sql.begin(async (sql) => {
      const [row] = await sql<{ free: boolean }[]>`select pg_try_advisory_xact_lock(${run}) as free`;
      if (row?.free !== true) return 0;
      return voidPending(sql, await store.pendingOf(sql, run), "hufu", "interrupted");
    });
  }
  return voided;
}

async function issueChunk(
  database: Database,
  orders: readonly Order[],
  terms: IssuingTerms,
): Promise<(IssuedCard | undefined)[]> {
  const places = terms.statusLists === undefined ? [] : await store.nextListPlaces(database.sql, orders.length);
  const drafts = orders.map((order, index) => draft(order, terms, places[index]));
  const recorded = await record(database, drafts, terms);
  try {
    const cards = new Map<Draft, IssuedCard>();
    for (const each of recorded) cards.set(each, await sign(each, terms));
    const texts = Array.from(cards.values(), (card) => card.qr);
    if (texts.length > 0) await terms.check(texts, terms.issuedAt);
    await release(database, Array.from(cards.values()), terms.actor);
    return drafts.map((each) => cards.get(each));
  } catch (error) {
    const ids = recorded.map((each) => each.row.id);
    await database.sql.begin((sql) => voidPending(sql, ids, terms.actor, "failed"));
    const why = error instanceof Error ? error.message : String(error);
    throw new AuthorityError("ISSUING_FAILED", `nothing was released: ${why}`, "mend the cause and enrol again");
  }
}

interface Draft extends Order {
  row: store.PendingRow;
}

function draft(
  order: Order,
  { issuer, key, issuedAt, expires, statusLists }: IssuingTerms,
  listPlace: number | undefined,
): Draft {
  const id = new Uint8Array(randomBytes(16));
  const identity = { ...identityOf(order.person), tier: order.tier };
  const claims: CredentialClaims = { issuer, expires, notBefore: issuedAt, issuedAt, id, identity };
  const holderKey = holderKeyOf(order.person);
  if (holderKey !== undefined) claims.holderKey = holderKey;
  if (statusLists !== undefined && listPlace !== undefined) claims.statusList = placeInLists(statusLists, listPlace);
  const row = {
    id,
    idNumber: order.person.id,
    tier: order.tier,
    kid: key.kid,
    issued: new Date(issuedAt * 1000),
    expires: new Date(expires * 1000),
    payload: encodeCredentialClaims(claims),
    listPlace,
  };
  return { ...order, row };
}

/** Of several drafts for one person the first counts. */
async function record(
  database: Database,
  drafts: readonly Draft[],
  { actor, issuedAt, run }: IssuingTerms,
): Promise<Draft[]> {
  const persons = new Map<string, Draft>();
  for (const each of drafts) if (!persons.has(each.person.id)) persons.set(each.person.id, each);
  return database.sql.begin(async (sql) => {
    // A snapshot answers for everything issued before it, so nothing may be issued into the past of one.
    await sql`select pg_advisory_xact_lock_shared(${PUBLICATION_LOCK})`;
    if (issuedAt <= (await store.lastUniverse(sql))) {
      throw new AuthorityError(
        "ISSUING_FAILED",
        "a status snapshot already answers for the time of issue",
        "check the clock, or issue as of now",
      );
    }
    const firsts = Array.from(persons.values());
    const newcomers = await store.insertPersons(
      sql,
      firsts.map((each) => each.person),
    );
    const inserted = await store.insertPending(
      sql,
      run.number,
      firsts.map((each) => each.row),
    );
    // Only now: whoever released a card for the same person meanwhile has committed before our row could be inserted.
    const fresh = firsts.filter((each) => inserted.has(each.person.id));
    const guarded = fresh.filter((each) => each.replace !== true).map((each) => each.person.id);
    const taken = guarded.length === 0 ? new Set() : await store.inForce(sql, guarded, new Date());
    const refused = guarded.filter((id) => taken.has(id));
    if (refused.length > 0) await store.deletePending(sql, run.number, refused);
    const recorded = fresh.filter((each) => !refused.includes(each.person.id));
    // Never of those who were refused: an officer would approve what somebody else has made of them.
    const known = recorded.filter((each) => !newcomers.has(each.person.id));
    await store.updatePersons(
      sql,
      known.map((each) => each.person),
    );
    await store.audit(
      sql,
      recorded.map((each) => ({ actor, action: "record", credential: each.row.id, detail: { tier: each.tier } })),
    );
    return recorded;
  });
}

async function sign({ row, person, tier }: Draft, { key }: IssuingTerms): Promise<IssuedCard> {
  const headers = credentialHeaders(key.algorithm, key.kid);
  const signed = await encodeSign1({ protected: headers, payload: row.payload }, (bytes) => key.sign(bytes));
  const { id, issued, expires } = row;
  return { id, person, tier, issued, expires, signed, qr: toQr(signed) };
}

export function toQr(signed: Uint8Array): string {
  return qrText(signed, (bytes) => deflateSync(bytes, { level: 9 }));
}

async function release(database: Database, cards: readonly IssuedCard[], actor: string): Promise<void> {
  if (cards.length === 0) return;
  await database.sql.begin(async (sql) => {
    const superseded = await store.supersede(
      sql,
      cards.map((card) => card.person.id),
    );
    const released = await store.release(sql, cards);
    if (released !== cards.length) throw new Error(`${cards.length - released} credentials were voided meanwhile`);
    await store.audit(sql, [
      ...superseded.map((credential) => ({ actor, action: "supersede" as const, credential })),
      ...cards.map(({ id, tier }) => ({ actor, action: "issue" as const, credential: id, detail: { tier } })),
    ]);
  });
}

async function voidPending(sql: Transaction, ids: readonly Uint8Array[], actor: string, reason: string) {
  const voided = ids.length === 0 ? [] : await store.voidPending(sql, ids, reason);
  await store.audit(
    sql,
    voided.map((credential) => ({ actor, action: "void", credential, detail: { reason } })),
  );
  return voided.length;
}
