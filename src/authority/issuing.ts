import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import type { Tier } from "../abi/batch.js";
import type { Clock } from "../engine/clock.js";
import { equalBytes, toHex } from "../format/bytes.js";
import { encodeCbor } from "../format/cbor.js";
import {
  credentialHeaders,
  encodeCredentialClaims,
  qrText,
  type CredentialClaims,
  type CredentialForm,
} from "../format/credential.js";
import { disclosuresHeader, type Disclosure } from "../format/presentation.js";
import { writeSign1 } from "../format/sign1.js";
import type { CheckIssued } from "./check.js";
import { AuthorityError } from "./errors.js";
import type { SigningKey } from "./keys.js";
import { holderKeyOf, identityOf, type Person } from "./person.js";
import type { ListPlaces } from "./list-places.js";
import { redact } from "./presentable.js";
import { referenceTo } from "./status-lists.js";
import { audit } from "./store/audit.js";
import * as credentials from "./store/credentials.js";
import { isLost, type Database, type Transaction } from "./store/database.js";
import { insertPersons, updatePersons } from "./store/persons.js";
import { holdUniverse, lastUniverse } from "./store/publications.js";
import * as runs from "./store/runs.js";

/**
 * The issuing cycle, after Let's Encrypt's Boulder: record what is about to be signed, sign it, have the real engine
 * verify it, record the result, release it. A cycle that stops anywhere leaves pending rows, which `recover` voids: a
 * signature that nobody has been given may exist, and snapshots call it revoked.
 */

export interface Order {
  person: Person;
  tier: Tier;
  /** Id of the credential whose place it takes: that very one must still be good when it is released. */
  replaces?: Uint8Array;
}

/** Why an order was not carried out. */
export type Refusal =
  /** A credential is in force, or on the way. */
  | "already-enrolled"
  /** A credential is suspended, whether it has expired or not: whoever suspended it decides. */
  | "suspended"
  /** The credential to be replaced is not good any more. */
  | "changed-meanwhile";

export type Outcome = { card: IssuedCard } | { person: Person; refused: Refusal };

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
  /** Seconds since 1970; whole. Where it is absent, each credential is issued as of when it is recorded. */
  issuedAt: number | undefined;
  /** Seconds from issue to expiry. */
  validity: number;
  form: CredentialForm;
  /** Where credentials are to name a Token Status List. */
  lists: ListTerms | undefined;
  actor: string;
  clock: Clock;
  check: CheckIssued;
}

export interface ListTerms {
  /** Address under which the lists are published. */
  base: string;
  places: ListPlaces;
}

/** Credentials recorded, and released, in one transaction. */
const CHUNK = 500;
/** How far another machine's clock may be ahead of this one's (seconds): what is less is waited for. */
const SKEW = 30;

/** One outcome for each order, in their order, as they are released: what has been told of is issued. */
export async function* issue(
  database: Database,
  orders: readonly Order[],
  terms: IssuingTerms,
): AsyncGenerator<Outcome[]> {
  if (orders.length === 0) return;
  const run = await beginRun(database);
  try {
    for (let i = 0; i < orders.length; i += CHUNK) {
      yield await issueChunk(database, orders.slice(i, i + CHUNK), terms, run);
    }
  } finally {
    await run.end();
  }
}

/**
 * While it issues, a process holds the advisory lock of its run, and its pending credentials bear the run's number:
 * pending credentials whose run is not locked are of a process that is gone.
 */
interface Run {
  number: number;
  end(): Promise<void>;
}

async function beginRun(database: Database): Promise<Run> {
  const number = await database.ask(runs.nextRun);
  const held = await database.hold(number);
  return {
    number,
    // A lock that was lost with its connection has been let go of.
    end: () => held.release().catch(() => undefined),
  };
}

/** Voids what interrupted cycles left behind; cycles at work are left alone. */
export async function recover(database: Database): Promise<number> {
  let voided = 0;
  for (const run of await database.ask(runs.pendingRuns)) {
    voided += await database.transaction(async (sql) => {
      if (!(await runs.isOver(sql, run))) return 0;
      return voidPending(sql, await runs.pendingOf(sql, run), "hufu", "interrupted");
    });
  }
  return voided;
}

async function issueChunk(
  database: Database,
  orders: readonly Order[],
  terms: IssuingTerms,
  run: Run,
): Promise<Outcome[]> {
  const refused = new Map<Order, Refusal>();
  const drafts = await record(database, orders, terms, run, refused);
  try {
    const cards = new Map<Order, IssuedCard>();
    for (const draft of drafts) cards.set(draft.order, await sign(draft, terms));
    const texts = Array.from(cards.values(), (card) => card.qr);
    if (texts.length > 0) await terms.check(texts, latest(drafts), terms.form);
    for (const order of await release(database, cards, drafts, terms.actor)) refused.set(order, "changed-meanwhile");
    return orders.map((order) => {
      const card = cards.get(order);
      const why = refused.get(order);
      return card === undefined || why !== undefined
        ? { person: order.person, refused: why ?? "already-enrolled" }
        : { card };
    });
  } catch (error) {
    // Where the database went away, it is not known what became of the release: the next to open it will see.
    if (isLost(error)) throw error;
    const ids = drafts.map((draft) => draft.row.id);
    await database.transaction((sql) => voidPending(sql, ids, terms.actor, "failed"));
    const why = error instanceof Error ? error.message : String(error);
    throw new AuthorityError({ code: "ISSUING_FAILED", is: "not-released", why });
  }
}

/** Seconds since 1970 at which all of them are in force. */
function latest(drafts: readonly Draft[]): number {
  return Math.max(...drafts.map(({ row }) => row.issued.getTime() / 1000));
}

interface Draft {
  order: Order;
  row: credentials.PendingRow;
  /** Of a presentable credential, what its holder may disclose. */
  disclosures: readonly Disclosure[];
  /** Id of the credential whose place it takes. */
  replaces: Uint8Array | undefined;
}

function draft(order: Order, issuedAt: number, terms: IssuingTerms, place: credentials.ListPlace | undefined): Draft {
  const { issuer, key, validity, lists } = terms;
  const { person, tier, replaces } = order;
  const id = new Uint8Array(randomBytes(16));
  const expires = issuedAt + validity;
  const identity = { ...identityOf(person), tier };
  const claims: CredentialClaims = { issuer, expires, notBefore: issuedAt, issuedAt, id, identity };
  const holderKey = holderKeyOf(person);
  if (holderKey !== undefined) claims.holderKey = holderKey;
  if (lists !== undefined && place !== undefined) claims.statusList = referenceTo(lists.base, place);
  const { payload, disclosures } =
    terms.form === "static" ? { payload: encodeCredentialClaims(claims), disclosures: [] } : redact(claims);
  const row = {
    id,
    idNumber: person.id,
    tier,
    kid: key.kid,
    issued: new Date(issuedAt * 1000),
    expires: new Date(expires * 1000),
    payload,
    place,
  };
  return { order, row, disclosures, replaces };
}

/** Of several orders for one person the first counts. Tells in `refused` of those that were refused, and why. */
async function record(
  database: Database,
  orders: readonly Order[],
  terms: IssuingTerms,
  run: Run,
  refused: Map<Order, Refusal>,
): Promise<Draft[]> {
  const persons = new Map<string, Order>();
  for (const order of orders) if (!persons.has(order.person.id)) persons.set(order.person.id, order);
  // In one order for all: two who wait for each other's rows would wait for ever.
  const firsts = Array.from(persons.values()).sort((a, b) => (a.person.id < b.person.id ? -1 : 1));
  for (;;) {
    const recorded = await database.transaction(async (sql) => {
      // A snapshot answers for everything issued before it, so nothing may be issued into the past of one.
      await holdUniverse(sql);
      const issuedAt = momentAfter(await lastUniverse(sql), terms);
      return issuedAt === undefined ? undefined : recordAt(sql, firsts, issuedAt, terms, run, refused);
    });
    if (recorded !== undefined) return recorded;
    await sleep(1_000);
  }
}

/** The time to issue at; undefined where it has only to be waited for. */
function momentAfter(universe: number, { issuedAt: wanted, clock }: IssuingTerms): number | undefined {
  const now = Math.floor(clock() / 1000);
  const issuedAt = wanted ?? now;
  if (issuedAt > universe) return issuedAt;
  if (wanted === undefined && universe - now < SKEW) return undefined;
  throw new AuthorityError({ code: "ISSUING_FAILED", is: "answered-for" });
}

async function recordAt(
  sql: Transaction,
  orders: readonly Order[],
  issuedAt: number,
  terms: IssuingTerms,
  run: Run,
  refused: Map<Order, Refusal>,
): Promise<Draft[]> {
  const places = await terms.lists?.places.take(sql, orders.length);
  const drafts = orders.map((order, index) => draft(order, issuedAt, terms, places?.[index]));
  const newcomers = await insertPersons(
    sql,
    orders.map((order) => order.person),
  );
  const inserted = await credentials.insertPending(
    sql,
    run.number,
    drafts.map((each) => each.row),
  );
  // Only now: whoever released a card for the same person meanwhile has committed before our row could be inserted.
  const fresh = drafts.filter((each) => inserted.has(each.order.person.id));
  const inForce = await credentials.inForce(sql, Array.from(inserted));
  for (const each of fresh) {
    const had = inForce.get(each.order.person.id);
    const why = refusalOf(each.order, had, terms.clock());
    if (why !== undefined) refused.set(each.order, why);
    else if (had !== undefined) each.replaces = had.id;
  }
  const out = fresh.filter((each) => refused.has(each.order)).map((each) => each.order.person.id);
  if (out.length > 0) await credentials.deletePending(sql, run.number, out);
  const recorded = fresh.filter((each) => !refused.has(each.order));
  // Never of those who were refused: an officer would approve what somebody else has made of them.
  const known = recorded.filter((each) => !newcomers.has(each.order.person.id));
  await updatePersons(
    sql,
    known.map((each) => each.order.person),
  );
  const { actor } = terms;
  await audit(
    sql,
    recorded.map(({ row }) => ({ actor, action: "record", credential: row.id, detail: { tier: row.tier } })),
  );
  return recorded;
}

/** `had`: what the order's person has that is good or suspended. */
function refusalOf({ replaces }: Order, had: credentials.InForceRow | undefined, now: number): Refusal | undefined {
  if (replaces !== undefined) {
    return had?.state === "good" && equalBytes(had.id, replaces) ? undefined : "changed-meanwhile";
  }
  if (had?.state === "suspended") return "suspended";
  return had !== undefined && had.expires.getTime() > now ? "already-enrolled" : undefined;
}

async function sign({ row, disclosures, order }: Draft, { key, form }: IssuingTerms): Promise<IssuedCard> {
  const { person, tier } = order;
  const protectedBytes = encodeCbor(credentialHeaders(key.algorithm, key.kid, form));
  const unprotected = disclosuresHeader(disclosures);
  const signed = await writeSign1({ protectedBytes, unprotected, payload: row.payload }, (bytes) => key.sign(bytes));
  const { id, issued, expires } = row;
  return { id, person, tier, issued, expires, signed, qr: toQr(signed) };
}

export function toQr(signed: Uint8Array): string {
  return qrText(signed, (bytes) => deflateSync(bytes, { level: 9 }));
}

/**
 * What is replaced and what replaces it change in one transaction, and only where what is replaced is still as good as
 * it was. Returns the orders of the others, which are voided.
 */
async function release(
  database: Database,
  cards: ReadonlyMap<Order, IssuedCard>,
  drafts: readonly Draft[],
  actor: string,
): Promise<Order[]> {
  if (drafts.length === 0) return [];
  return database.transaction(async (sql) => {
    const named = drafts.flatMap((draft) => draft.replaces ?? []);
    const superseded = named.length === 0 ? [] : await credentials.supersede(sql, named);
    const gone = new Set(superseded.map(toHex));
    const late = drafts.filter(({ replaces }) => replaces !== undefined && !gone.has(toHex(replaces)));
    await voidPending(
      sql,
      late.map(({ row }) => row.id),
      actor,
      "what it replaces has changed",
    );
    const good = drafts.filter((draft) => !late.includes(draft)).flatMap(({ order }) => cards.get(order) ?? []);
    const released = good.length === 0 ? 0 : await credentials.release(sql, good);
    if (released !== good.length) throw new Error(`${good.length - released} credentials were voided meanwhile`);
    await audit(sql, [
      ...superseded.map((credential) => ({ actor, action: "supersede" as const, credential })),
      ...good.map(({ id, tier }) => ({ actor, action: "issue" as const, credential: id, detail: { tier } })),
    ]);
    return late.map(({ order }) => order);
  });
}

async function voidPending(sql: Transaction, ids: readonly Uint8Array[], actor: string, reason: string) {
  const voided = ids.length === 0 ? [] : await credentials.voidPending(sql, ids, reason);
  await audit(
    sql,
    voided.map((credential) => ({ actor, action: "void", credential, detail: { reason } })),
  );
  return voided.length;
}
