import { join } from "node:path";
import { Algorithm, Tier } from "../abi/batch.js";
import { systemClock, type Clock } from "../engine/clock.js";
import { fromHex, toHex } from "../format/bytes.js";
import type { CredentialForm } from "../format/credential.js";
import { momentOf } from "../format/requirements.js";
import { engineCheck, type CheckIssued } from "./check.js";
import { databaseOf, isThere, keyFolder, makeDataFolder, type DataOptions } from "./data-folder.js";
import { AuthorityError, isIneligible, type CardAction, type Ineligible } from "./errors.js";
import { issue, recover, toQr, type IssuedCard, type IssuingTerms, type Order, type Refusal } from "./issuing.js";
import { ListPlaces } from "./list-places.js";
import { createKey, loadKey, thumbprint, type SigningKey } from "./keys.js";
import { judge } from "./eligible.js";
import { keptPerson, type Person } from "./person.js";
import { formOf } from "./presentable.js";
import { refuseToGoBack } from "./published-folder.js";
import {
  publishDelta,
  publishStatus,
  publishTrustList,
  signTrustList,
  trustedKey,
  type Published,
  type StatusTerms,
} from "./publishing.js";
import { checkBase, publishStatusLists, type PublishedList } from "./status-lists.js";
import { audit, findAudit, type AuditFilter, type AuditRow } from "./store/audit.js";
import { changeState, findCards, type CardFilter, type CardRow, type CredentialState } from "./store/credentials.js";
import { FILES_LOCK, openDatabase, type Database, type Held } from "./store/database.js";
import * as identity from "./store/identity.js";
import { insertKey, readKeys, type KeyRow } from "./store/keys.js";
import { migrate } from "./store/migrations.js";

/**
 * The issuing side: the only part that touches a private key. What it knows is in PostgreSQL; every change of state and
 * the audit event that tells of it are one transaction.
 */

export interface AuthorityOptions extends DataOptions {
  /** The last look at a card before it is released; the real engine's when absent. */
  check?: CheckIssued;
  /** By which dates decide; the system's when absent. */
  clock?: Clock;
}

export interface InitOptions extends AuthorityOptions {
  name: string;
  /** GB/T 2260, 6 digits. */
  region?: string;
  /**
   * Address under which the folder of published files is found. Where there is one, credentials also name a Token Status
   * List there, for verifiers that know no snapshots.
   */
  statusLists?: string;
  algorithm: Algorithm;
  /** From when the keys' signatures count; now when absent. */
  validFrom?: Date;
}

export interface EnrolOptions {
  /** Who does it, for the audit. */
  actor: string;
  /** Moment of issue; when absent, each card's is the moment at which it is recorded. */
  issuedAt?: Date;
  /** Seconds until the credentials expire; LITE_VALIDITY when absent. */
  validity?: number;
  /** static when absent. */
  form?: CredentialForm;
}

export type Enrolment = { card: IssuedCard } | { person: Person; refused: Refusal | Ineligible };

export interface Card extends CardRow {
  /** Absent where it was never released. */
  qr?: string;
}

const DAY = 86_400;
const YEAR = 365 * DAY;
/** Keys outlive every credential they sign. */
const KEY_VALIDITY = 20 * YEAR;
export const LITE_VALIDITY = YEAR;
export const FULL_VALIDITY = 10 * YEAR;
/** A trust list and a snapshot are published again well before these run out. */
const TRUST_LIST_VALIDITY = 30 * DAY;
const STATUS_VALIDITY = DAY;

export class Authority {
  private constructor(
    readonly options: AuthorityOptions,
    readonly name: string,
    readonly region: string | undefined,
    readonly statusLists: string | undefined,
    readonly database: Database,
    readonly keys: readonly KeyRow[],
    /** How many credentials of interrupted cycles were voided when this authority was opened. */
    readonly voided: number,
  ) {}

  /** Makes the keys and the database, and opens the authority. */
  static async init(options: InitOptions): Promise<Authority> {
    const statusLists = options.statusLists === undefined ? null : checkBase(options.statusLists);
    makeDataFolder(options.data);
    const database = await openDatabase(databaseOf(options), migrate);
    try {
      await database.transaction(async (sql) => {
        await identity.lockFounding(sql);
        if ((await identity.readAuthority(sql)) !== undefined) {
          throw new AuthorityError({ code: "ALREADY_INITIALISED", data: options.data });
        }
        await identity.insertAuthority(sql, { name: options.name, region: options.region ?? null, statusLists });
        // A snapshot published at once speaks for the second before: its key must count in that second already.
        const notBefore = options.validFrom ?? new Date((options.clock ?? systemClock)() - 1000);
        const notAfter = new Date(notBefore.getTime() + KEY_VALIDITY * 1000);
        for (const use of ["root", "credential", "status"] as const) {
          const key = createKey(keyFolder(options.data), options.algorithm);
          await insertKey(sql, { ...key, use, notBefore, notAfter });
        }
        await audit(sql, [{ actor: "hufu", action: "initialise", detail: { name: options.name } }]);
      });
    } finally {
      await database.close();
    }
    return Authority.open(options);
  }

  static async open(options: AuthorityOptions): Promise<Authority> {
    const missing = new AuthorityError({ code: "NOT_INITIALISED", data: options.data });
    // Opening must not make an empty database where a folder was mistyped.
    if (options.databaseUrl === undefined && !isThere(databaseOf(options).folder)) throw missing;
    const database = await openDatabase(databaseOf(options), migrate);
    try {
      const row = await database.ask(identity.readAuthority);
      if (row === undefined) throw missing;
      const voided = await recover(database);
      const keys = await database.ask(readKeys);
      const [region, statusLists] = [row.region ?? undefined, row.statusLists ?? undefined];
      return new Authority(options, row.name, region, statusLists, database, keys, voided);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  get clock(): Clock {
    return this.options.clock ?? systemClock;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** What those who run it should know of its database account. */
  get warning(): string | undefined {
    return this.database.warning;
  }

  /** SHA-256 COSE Key Thumbprint of the root key, hex: what relying parties pin. */
  get rootFingerprint(): string {
    return toHex(thumbprint(this.#keyFor("root")));
  }

  /** Lite credentials for people, in their order. Those who cannot have one are told apart, the others get theirs. */
  async enrolMany(people: readonly Person[], options: EnrolOptions): Promise<Enrolment[]> {
    const all: Enrolment[] = [];
    for await (const some of this.enrolling(people, options)) all.push(...some);
    return all;
  }

  /** The same, as they are released: of a run that is interrupted, all are issued that were told, and no others. */
  async *enrolling(people: readonly Person[], options: EnrolOptions): AsyncGenerator<Enrolment[]> {
    const judged = await judge(people, {
      today: String(momentOf(options.issuedAt ?? new Date(this.clock())).date),
      form: options.form ?? "static",
      root: this.rootFingerprint,
      now: this.#now(),
    });
    const eligible = judged.filter(({ why }) => why === undefined);
    const orders = eligible.map(({ person }): Order => ({ person, tier: Tier.LITE }));
    let next = 0;
    const passedOver = (): Enrolment[] => {
      const passed: Enrolment[] = [];
      for (let one = judged[next]; one?.why !== undefined; one = judged[++next]) {
        passed.push({ person: one.person, refused: one.why });
      }
      return passed;
    };
    for await (const outcomes of issue(this.database, orders, this.#terms(options, LITE_VALIDITY))) {
      yield outcomes.flatMap((outcome) => {
        const before = passedOver();
        next++;
        return [...before, outcome];
      });
    }
    const rest = passedOver();
    if (rest.length > 0) yield rest;
  }

  async enrol(person: Person, options: EnrolOptions): Promise<IssuedCard> {
    const [result] = await this.enrolMany([person], options);
    if (result !== undefined && "card" in result) return result.card;
    const refused = result?.refused;
    if (refused !== undefined && isIneligible(refused)) {
      throw new AuthorityError({ code: "INVALID_PERSON", is: refused, name: person.name });
    }
    const state = refused === "suspended" ? "suspended" : "good";
    throw new AuthorityError({ code: "ALREADY_ENROLLED", idNumber: person.id, state });
  }

  /** A full credential for whom an officer has met, of the form of the lite one, which is superseded in the same transaction. */
  async approve(reference: string, options: Omit<EnrolOptions, "form">): Promise<IssuedCard> {
    const card = await this.#cardInForce(reference);
    if (card.state !== "good" || card.tier !== Tier.LITE) {
      throw new AuthorityError({ code: "WRONG_STATE", is: "not-lite", tier: card.tier, state: card.state });
    }
    const order: Order = {
      person: keptPerson(card.idNumber, card.details, options.issuedAt ?? new Date(this.clock())),
      tier: Tier.FULL,
      replaces: card.id,
    };
    const terms = this.#terms({ ...options, form: formOf(card.signed) }, FULL_VALIDITY);
    for await (const [outcome] of issue(this.database, [order], terms)) {
      if (outcome !== undefined && "card" in outcome) return outcome.card;
      if (outcome?.refused === "already-enrolled") {
        throw new AuthorityError({ code: "WRONG_STATE", is: "being-issued" });
      }
    }
    const { state } = await this.#cardInForce(toHex(card.id));
    throw new AuthorityError({ code: "WRONG_STATE", is: "changed-meanwhile", state });
  }

  /** For good. */
  revoke(reference: string, change: { actor: string; reason: string }): Promise<Card> {
    return this.#change(reference, ["good", "suspended"], "revoked", "revoke", change);
  }

  suspend(reference: string, change: { actor: string; reason: string }): Promise<Card> {
    return this.#change(reference, ["good"], "suspended", "suspend", change);
  }

  reinstate(reference: string, change: { actor: string; reason: string }): Promise<Card> {
    return this.#change(reference, ["suspended"], "good", "reinstate", change);
  }

  async *cards(filter: CardFilter = {}): AsyncGenerator<Card> {
    for await (const rows of findCards(this.database, filter)) {
      for (const row of rows) yield row.signed === null ? row : { ...row, qr: toQr(row.signed) };
    }
  }

  /** What was done, by whom and when. */
  async *audit(filter: AuditFilter = {}): AsyncGenerator<AuditRow> {
    for await (const rows of findAudit(this.database, filter)) yield* rows;
  }

  /**
   * Publishes and writes, one at a time of all who do: a file that was made earlier is then never written over a newer
   * one. `ours.check` tells right before the files are switched that nobody else has begun.
   */
  async publishing<T>(work: (ours: Held) => Promise<T>): Promise<T> {
    const held = await this.database.hold(FILES_LOCK);
    try {
      return await work(held);
    } finally {
      await held.release();
    }
  }

  /**
   * Throws where what is published into the folder would not be newer than what lies there. Returns those of its files
   * that this authority published and its database knows nothing of: it was restored from an older backup.
   */
  refuseToGoBack(folder: string): Promise<string[]> {
    const root = thumbprint(this.#keyFor("root"));
    const keys = this.keys.flatMap((row) => trustedKey(row, this.name) ?? []);
    return refuseToGoBack(this.database, folder, { root, keys, now: this.#now() });
  }

  /** A new trust list, signed by the root key. */
  publishTrustList(validity = TRUST_LIST_VALIDITY): Promise<Published> {
    return publishTrustList(this.database, {
      authority: this.name,
      root: this.#signer("root"),
      keys: this.keys,
      now: this.#now(),
      validity,
    });
  }

  /** A new snapshot of the status of every credential, signed by the status key. */
  publishStatus(options: Pick<StatusTerms, "progress"> = {}): Promise<Published> {
    return publishStatus(this.database, { ...this.#statusTerms(STATUS_VALIDITY), ...options });
  }

  /** The Token Status Lists as they now are, signed by the status key; none where credentials name none. */
  async *publishStatusLists(validity = STATUS_VALIDITY): AsyncGenerator<PublishedList> {
    if (this.statusLists === undefined) return;
    const terms = { base: this.statusLists, signer: this.#signer("status"), issuedAt: this.#now(), validity };
    yield* publishStatusLists(this.database, terms);
  }

  /** What has changed since the last snapshot, signed by the status key: minutes-fresh, and small. */
  publishDelta(validity = STATUS_VALIDITY): Promise<Published> {
    return publishDelta(this.database, this.#statusTerms(validity));
  }

  async #change(
    reference: string,
    from: readonly CredentialState[],
    to: CredentialState,
    action: CardAction,
    { actor, reason }: { actor: string; reason: string },
  ): Promise<Card> {
    let card = await this.#cardInForce(reference);
    for (;;) {
      const { id } = card;
      const changed = await this.database.transaction(async (sql) => {
        if (!(await changeState(sql, { credential: id, from, to, reason }))) return false;
        await audit(sql, [{ actor, action, credential: id, detail: { reason } }]);
        return true;
      });
      if (changed) return { ...card, state: to, reason };
      // It may have changed since it was read: of a person, another card may be in force by now, which is then meant.
      const now = await this.#cardInForce(reference);
      if (toHex(now.id) === toHex(id) && !from.includes(now.state)) {
        const { state, reason: why } = now;
        const fault = { code: "WRONG_STATE", is: "not-in", action, from, state } as const;
        throw new AuthorityError({ ...fault, ...(why !== null && { reason: why }) });
      }
      card = now;
    }
  }

  /** By credential id (32 hex digits) any card, by ID number the one in force, or else the last. */
  async #cardInForce(reference: string): Promise<Card> {
    const credential = reference.length === 32 ? fromHex(reference) : undefined;
    const filter = credential === undefined ? { idNumber: reference.toUpperCase() } : { credential };
    let found: Card | undefined;
    for await (const card of this.cards(filter)) {
      if (card.state === "void" || card.state === "pending") continue;
      found = card;
      if (card.state !== "revoked") break;
    }
    if (found !== undefined) return found;
    throw new AuthorityError({ code: "NOT_FOUND", reference });
  }

  #terms({ actor, issuedAt, validity, form = "static" }: EnrolOptions, usual: number): IssuingTerms {
    const { name: issuer, statusLists: base } = this;
    return {
      issuer,
      key: this.#signer("credential"),
      issuedAt: issuedAt && Math.floor(issuedAt.getTime() / 1000),
      validity: validity ?? usual,
      form,
      lists: base === undefined ? undefined : { base, places: new ListPlaces(join(this.options.data, "lists.json")) },
      actor,
      clock: this.clock,
      check: this.#check,
    };
  }

  #statusTerms(validity: number): StatusTerms {
    return { authority: this.name, signer: this.#signer("status"), clock: this.clock, validity };
  }

  /** Seconds since 1970. */
  #now(): number {
    return Math.floor(this.clock() / 1000);
  }

  #signer(use: KeyRow["use"]): SigningKey {
    return loadKey(keyFolder(this.options.data), this.#keyFor(use).kid);
  }

  #engine: Promise<CheckIssued> | undefined;

  /** The engine is loaded when the first card is issued. */
  readonly #check: CheckIssued = async (qrTexts, at, form) => {
    if (this.options.check !== undefined) return this.options.check(qrTexts, at, form);
    const root = this.#keyFor("root");
    // In force at whatever time it is asked about: cards are also issued as of days long past.
    this.#engine ??= signTrustList(
      { epoch: 0, issued: 0, expires: Math.floor(root.notAfter.getTime() / 1000) },
      { authority: this.name, root: this.#signer("root"), keys: this.keys },
    ).then(engineCheck);
    return (await this.#engine)(qrTexts, at, form);
  };

  #keyFor(use: KeyRow["use"]): KeyRow {
    const key = this.keys.find((candidate) => candidate.use === use);
    if (key !== undefined) return key;
    throw new AuthorityError({ code: "KEY_UNAVAILABLE", is: "unknown", use });
  }
}
