import { createHash } from "node:crypto";
import { buildSnapshot } from "../../src/authority/snapshot/builder.js";
import { Algorithm, Status } from "../../src/abi/batch.js";
import { concat } from "../../src/format/bytes.js";
import { periodOf } from "../../src/format/status/layout.js";
import { encodeTrustList, type TrustedKey } from "../../src/format/trust/trust-list.js";
import { generateKey } from "../support/keys.js";
import { identity, kidOf, makeCard, payload, trusted } from "../support/make-card.js";
import { sourceOf } from "../support/universe.js";

/** A root, an issuer and its status key at today's date, for whatever can go wrong with their files. */

export const DAY = 86_400;

export interface ListOptions {
  epoch?: number;
  issuedAt?: number;
  expires?: number;
  /** What the list holds beside the issuer's own key: its status key, unless something else is named. */
  others?: TrustedKey[];
}

export interface SnapshotOptions {
  epoch?: number;
  universe?: number;
  expires?: number;
  issuer?: string;
  /** Statuses of the three cards. */
  statuses?: Record<CardKind, Status>;
}

export const CARD_KINDS = ["good", "revoked", "suspended"] as const;
export type CardKind = (typeof CARD_KINDS)[number];

const TRUE: Record<CardKind, Status> = { good: Status.GOOD, revoked: Status.REVOKED, suspended: Status.SUSPENDED };

export class Nation {
  readonly now = Math.floor(Date.now() / 1000);
  readonly root = generateKey(Algorithm.ED25519);
  readonly key = generateKey(Algorithm.ED25519);
  readonly statusKey = generateKey(Algorithm.ED25519);
  readonly cards: Record<CardKind, string>;
  readonly #expires = this.now + 300 * DAY;

  constructor(readonly issuer: string) {
    const card = (kind: CardKind): string => {
      const dates: [number, unknown][] = [[4, this.#expires], [5, this.now - 30 * DAY], [6, this.now - 30 * DAY]]; // prettier-ignore
      return makeCard(this.key, { payload: payload([[1, issuer], ...dates, [7, this.#cti(kind)], [169, identity()]]) });
    };
    this.cards = { good: card("good"), revoked: card("revoked"), suspended: card("suspended") };
  }

  get statusTrust(): TrustedKey {
    return trusted(this.statusKey, { issuer: this.issuer, use: "status", promisesStatus: true });
  }

  get credentialTrust(): TrustedKey {
    return trusted(this.key, { issuer: this.issuer, promisesStatus: true });
  }

  trustList({ epoch, issuedAt, expires, others }: ListOptions = {}): Promise<Uint8Array> {
    const list = {
      authority: this.issuer,
      epoch: epoch ?? this.now,
      issuedAt: issuedAt ?? this.now - 60,
      expires: expires ?? this.now + 90 * DAY,
      keys: [this.credentialTrust, ...(others ?? [this.statusTrust])],
      root: { algorithm: this.root.algorithm, publicKey: this.root.publicKey },
    };
    return encodeTrustList(list, (message) => this.root.sign(message));
  }

  async snapshot(options: SnapshotOptions = {}): Promise<Uint8Array> {
    const statuses = options.statuses ?? TRUE;
    const persons = CARD_KINDS.map((kind) => {
      return { cti: this.#cti(kind), period: periodOf(this.#expires), status: statuses[kind] };
    });
    const { head, body } = await buildSnapshot(sourceOf(persons), {
      issuer: options.issuer ?? this.issuer,
      epoch: options.epoch ?? this.now,
      universe: options.universe ?? this.now - 10,
      expires: options.expires ?? this.now + DAY,
      threads: 0,
      signer: {
        algorithm: this.statusKey.algorithm,
        kid: kidOf(this.statusKey),
        sign: (message) => this.statusKey.sign(message),
      },
    });
    return concat(head, body);
  }

  #cti(kind: CardKind): Uint8Array {
    return new Uint8Array(createHash("sha256").update(kind).digest().subarray(0, 16));
  }
}
