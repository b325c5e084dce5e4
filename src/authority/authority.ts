import { accessSync, constants, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Algorithm, Tier } from "../format/batch.js";
import { fromHex, toHex } from "../format/bytes.js";
import { momentOf } from "../format/requirements.js";
import { engineCheck, type CheckIssued } from "./check.js";
import { AuthorityError } from "./errors.js";
import { makeFolder } from "./folder.js";
import { beginRun, issue, recover, toQr, type IssuedCard, type IssuingTerms, type Order, type Run } from "./issuing.js";
import { createKey, loadKey, thumbprint, type SigningKey } from "./keys.js";
import { ageOn, type Person } from "./person.js";
import {
  publishDelta,
  publishStatus,
  publishTrustList,
  signTrustList,
  type Published,
  type StatusTerms,
} from "./publishing.js";
import { checkBase, publishStatusLists, type PublishedList } from "./status-lists.js";
import { FILES_LOCK, openDatabase, type Database } from "./store/database.js";
import { migrate } from "./store/migrations.js";
import * as store from "./store/store.js";

/**
 * The issuing side: the only part that touches a private key. What it knows is in PostgreSQL; every change of state and
 * the audit event that tells of it are one transaction.
 */

export interface AuthorityOptions {
  /** Folder of the private keys and, unless `databaseUrl` is given, of the database. */
  data: string;
  databaseUrl?: string;
  /** The last look at a card before it is released; the real engine's when absent. */
  check?: CheckIssued;
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
  /** Moment of issue; now when absent. */
  issuedAt?: Date;
  /** Seconds until the credentials expire; LITE_VALIDITY when absent. */
  validity?: number;
}

export type Enrolment = { card: IssuedCard } | { person: Person; refused: "already-enrolled" | "under-age" };

export interface Card extends store.CardRow {
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
/** At 16 a citizen enrols. */
const MINIMUM_AGE = 16;

export class Authority {
  private constructor(
    readonly options: AuthorityOptions,
    readonly name: string,
    readonly region: string | undefined,
    readonly statusLists: string | undefined,
    readonly database: Database,
    readonly keys: readonly store.KeyRow[],
    readonly run: Run,
    /** How many credentials of interrupted cycles were voided when this authority was opened. */
    readonly voided: number,
  ) {}

  /** Makes the keys and the database, and opens the authority. */
  static async init(options: InitOptions): Promise<Authority> {
    const statusLists = options.statusLists === undefined ? null : checkBase(options.statusLists);
    makeDataFolder(options.data);
    const database = await openDatabase(databaseOf(options));
    try {
      await migrate(database.sql);
      await database.sql.begin(async (sql) => {
        await sql`lock table authority in exclusive mode`;
        if ((await store.readAuthority(sql)) !== undefined) {
          throw new AuthorityError(
            "ALREADY_INITIALISED",
            `${options.data} has an authority already`,
            "use it, or name another folder with --data",
          );
        }
        await store.insertAuthority(sql, { name: options.name, region: options.region ?? null, statusLists });
        // A snapshot published at once speaks for the second before: its key must count in that second already.
        const notBefore = options.validFrom ?? new Date(Date.now() - 1000);
        const notAfter = new Date(notBefore.getTime() + KEY_VALIDITY * 1000);
        for (const use of ["root", "credential", "status"] as const) {
          const key = createKey(keyFolder(options.data), options.algorithm);
          await store.insertKey(sql, { ...key, use, notBefore, notAfter });
        }
        await store.audit(sql, [{ actor: "hufu", action: "initialise", detail: { name: options.name } }]);
      });
    } finally {
      await database.close();
    }
    return Authority.open(options);
  }

  static async open(options: AuthorityOptions): Promise<Authority> {
    const missing = new AuthorityError(
      "NOT_INITIALISED",
      `there is no authority in ${options.data}`,
      "run `hufu init`, or name its folder with --data",
    );
    // Opening must not make an empty database where a folder was mistyped.
    if (options.databaseUrl === undefined && !isThere(databaseOf(options).folder)) throw missing;
    const database = await openDatabase(databaseOf(options));
    try {
      await migrate(database.sql);
      const row = await store.readAuthority(database.sql);
      if (row === undefined) throw missing;
      const voided = await recover(database);
      const keys = await store.readKeys(database.sql);
      const run = await beginRun(database);
      const [region, statusLists] = [row.region ?? undefined, row.statusLists ?? undefined];
      return new Authority(options, row.name, region, statusLists, database, keys, run, voided);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.run.end();
    await this.database.close();
  }

  /** SHA-256 COSE Key Thumbprint of the root key, hex: what relying parties pin. */
  get rootFingerprint(): string {
    return toHex(thumbprint(this.#keyFor("root")));
  }

  /** Lite credentials for people, in their order. Those who cannot have one are told apart, the others get theirs. */
  async enrolMany(people: readonly Person[], options: EnrolOptions): Promise<Enrolment[]> {
    const issuedAt = options.issuedAt ?? new Date();
    const today = String(momentOf(issuedAt).date);
    const old = people.filter((person) => ageOn(today, person.birthDate) >= MINIMUM_AGE);
    const orders = old.map((person): Order => ({ person, tier: Tier.LITE }));
    const cards = await issue(
      this.database,
      orders,
      this.#terms(options.actor, issuedAt, options.validity ?? LITE_VALIDITY),
    );
    const byPerson = new Map(old.map((person, i) => [person, cards[i]]));
    return people.map((person): Enrolment => {
      if (!byPerson.has(person)) return { person, refused: "under-age" };
      const card = byPerson.get(person);
      return card === undefined ? { person, refused: "already-enrolled" } : { card };
    });
  }

  async enrol(person: Person, options: EnrolOptions): Promise<IssuedCard> {
    const [result] = await this.enrolMany([person], options);
    if (result !== undefined && "card" in result) return result.card;
    if (result?.refused === "under-age") {
      throw new AuthorityError("INVALID_PERSON", `${person.name} is under ${MINIMUM_AGE}`, "citizens enrol at 16");
    }
    throw new AuthorityError(
      "ALREADY_ENROLLED",
      `${person.id} has a card in force`,
      `run \`hufu revoke ${person.id} --reason ...\` first if it was lost`,
    );
  }

  /** A full credential for whom an officer has met; the lite one is superseded in the same transaction. */
  async approve(reference: string, options: EnrolOptions): Promise<IssuedCard> {
    const card = await this.#cardInForce(reference);
    if (card.state !== "good" || card.tier !== Tier.LITE) {
      throw new AuthorityError(
        "WRONG_STATE",
        `the card is ${card.tier === Tier.FULL ? "full already" : card.state}`,
        card.tier === Tier.FULL ? "there is nothing left to approve" : "only good lite cards are approved",
      );
    }
    const terms = this.#terms(options.actor, options.issuedAt ?? new Date(), options.validity ?? FULL_VALIDITY);
    const [full] = await issue(this.database, [{ person: card.details, tier: Tier.FULL, replace: true }], terms);
    if (full !== undefined) return full;
    throw new AuthorityError("WRONG_STATE", "another card for this person is being issued", "try again");
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

  async *cards(filter: store.CardFilter = {}): AsyncGenerator<Card> {
    for await (const rows of store.findCards(this.database.sql, filter)) {
      for (const row of rows) yield row.signed === null ? row : { ...row, qr: toQr(row.signed) };
    }
  }

  /**
   * Publishes and writes, one at a time of all who do: a file that was made earlier is then never written over a newer
   * one.
   */
  async publishing<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.database.hold(FILES_LOCK);
    try {
      return await work();
    } finally {
      await release();
    }
  }

  /** A new trust list, signed by the root key. */
  publishTrustList(validity = TRUST_LIST_VALIDITY): Promise<Published> {
    return publishTrustList(this.database, {
      authority: this.name,
      root: this.#signer("root"),
      keys: this.keys,
      validity,
    });
  }

  /** A new snapshot of the status of every credential, signed by the status key. */
  publishStatus(options: Pick<StatusTerms, "progress"> = {}): Promise<Published> {
    const terms = { authority: this.name, signer: this.#signer("status"), validity: STATUS_VALIDITY };
    return publishStatus(this.database, { ...terms, ...options });
  }

  /** The Token Status Lists as they now are, signed by the status key; none where credentials name none. */
  async *publishStatusLists(validity = STATUS_VALIDITY): AsyncGenerator<PublishedList> {
    if (this.statusLists === undefined) return;
    const terms = { base: this.statusLists, signer: this.#signer("status"), validity };
    yield* publishStatusLists(this.database, terms);
  }

  /** What has changed since the last snapshot, signed by the status key: minutes-fresh, and small. */
  publishDelta(validity = STATUS_VALIDITY): Promise<Published> {
    return publishDelta(this.database, { authority: this.name, signer: this.#signer("status"), validity });
  }

  async #change(
    reference: string,
    from: readonly store.CredentialState[],
    to: store.CredentialState,
    action: "revoke" | "suspend" | "reinstate",
    { actor, reason }: { actor: string; reason: string },
  ): Promise<Card> {
    const card = await this.#cardInForce(reference);
    await this.database.sql.begin(async (sql) => {
      if (!(await store.changeState(sql, { credential: card.id, from, to, reason }))) {
        throw new AuthorityError(
          "WRONG_STATE",
          `the card is ${card.state}`,
          `only a card that is ${from.join(" or ")} can be ${to === "good" ? "reinstated" : to}`,
        );
      }
      await store.audit(sql, [{ actor, action, credential: card.id, detail: { reason } }]);
    });
    return { ...card, state: to, reason };
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
    throw new AuthorityError(
      "NOT_FOUND",
      `there is no card ${reference}`,
      "give an ID number, or a credential id of 32 hex digits: `hufu cards` lists them",
    );
  }

  #terms(actor: string, issued: Date, validity: number): IssuingTerms {
    const issuedAt = Math.floor(issued.getTime() / 1000);
    const { name: issuer, statusLists, run } = this;
    const key = this.#signer("credential");
    return { issuer, key, issuedAt, expires: issuedAt + validity, statusLists, actor, run, check: this.#check };
  }

  #signer(use: store.KeyRow["use"]): SigningKey {
    return loadKey(keyFolder(this.options.data), this.#keyFor(use).kid);
  }

  #engine: Promise<CheckIssued> | undefined;

  /** The engine is loaded when the first card is issued. */
  readonly #check: CheckIssued = async (qrTexts, at) => {
    if (this.options.check !== undefined) return this.options.check(qrTexts, at);
    this.#engine ??= signTrustList(
      { epoch: 0, issued: at, expires: at + DAY },
      { authority: this.name, root: this.#signer("root"), keys: this.keys },
    ).then(engineCheck);
    return (await this.#engine)(qrTexts, at);
  };

  #keyFor(use: store.KeyRow["use"]): store.KeyRow {
    const key = this.keys.find((candidate) => candidate.use === use);
    if (key !== undefined) return key;
    throw new AuthorityError("KEY_UNAVAILABLE", `there is no ${use} key`, "restore the database from its backup");
  }
}

/** Only its owner may look into it. */
function makeDataFolder(data: string): void {
  try {
    makeFolder(data, 0o700);
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(data, error);
  }
}

/** Throws where this user may not even look. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw unusable(dirname(path), error);
  }
}

function unusable(data: string, error: unknown): AuthorityError {
  const why = error instanceof Error ? error.message : String(error);
  return new AuthorityError("STORE_UNAVAILABLE", `${data} cannot be used: ${why}`, DATA_REMEDY);
}

const DATA_REMEDY = "be its owner, or name another folder with --data";

function keyFolder(data: string): string {
  return join(data, "keys");
}

function databaseOf({ data, databaseUrl }: AuthorityOptions): { folder: string; url?: string } {
  const folder = join(data, "postgres");
  return databaseUrl === undefined ? { folder } : { folder, url: databaseUrl };
}
