import { createHash } from "node:crypto";
import type { Shown } from "../engine/detail.js";

/**
 * A presentation is accepted once (contract §3). Claims on presentations that were accepted are kept for as long as these
 * would be fresh; whoever claimed one gets the same answer again, and anyone else learns that it was shown before.
 */

/** Who asks, and about which text. */
export interface Claimant {
  /** The party and the scan that it asks about: by the id that the gate gave it, or by its place in a session. */
  readonly scan: string;
  readonly text: string | Uint8Array;
}

export type ClaimAnswer =
  /** Nobody has claimed it before: it is this claimant's now. */
  | "first"
  /** It is this claimant's already, by the same text. */
  | "same"
  /** It is somebody else's. */
  | "replayed"
  /** The same scan asks about another text than before. */
  | "other-text"
  /** There is no room for another claim, or what was shown then is not known any more. */
  | "full";

/** Where claims are kept: a server's own, or one that several share. */
export interface ClaimStore {
  claim(shown: Shown, claimant: Claimant): ClaimAnswer;
  /** Would it be known that it was claimed before? */
  remembers(shown: Shown): boolean;
}

/** Claims on one credential at a time: one phone cannot fill the store. */
export const MAX_CLAIMS_PER_CREDENTIAL = 8;
/** Claims at a time, of some 300 bytes each. */
export const MAX_CLAIMS = 1_000_000;

/** One claim, as digests: nothing of a presentation or of who showed it is kept. */
export interface Claim {
  readonly identity: string;
  readonly credential: string;
  readonly scan: string;
  readonly text: string;
  /** Seconds since 1970: the token's iat. */
  readonly issuedAt: number;
}

export interface ClaimsOptions {
  /** Seconds since 1970, by the clock. */
  now: () => number;
  /** Milliseconds of a clock that is never set. */
  elapsed: () => number;
  /** Seconds after its iat for which a presentation may be accepted, by the longest rule in force. */
  window: () => number;
  most?: number;
}

/** Claims in memory. Those that are too old to be accepted are forgotten, by both clocks. */
export class Claims implements ClaimStore {
  readonly #claims = new Map<string, Claim>();
  readonly #scans = new Map<string, Claim>();
  readonly #ofCredential = new Map<string, number>();
  /** By the second, on the clock that is never set, until which they are kept at least. */
  readonly #kept = new Map<number, Claim[]>();
  /** The window that all is kept for, and since when; a longer one begins with what is not known any more. */
  #window: number;
  #knownFrom = -Infinity;
  #purged = -Infinity;

  constructor(
    readonly options: ClaimsOptions,
    /** Told of each new claim before it counts. What it throws makes the answer "full". */
    readonly keep: (claim: Claim) => void = () => undefined,
  ) {
    this.#window = options.window();
  }

  get count(): number {
    return this.#claims.size;
  }

  remembers({ issuedAt }: Shown): boolean {
    const { now, window } = this.options;
    return issuedAt >= now() - window();
  }

  claim(shown: Shown, claimant: Claimant): ClaimAnswer {
    this.#widen();
    this.#purge();
    const claim = {
      identity: digest(shown.identity),
      credential: digest(shown.credential),
      scan: digest(claimant.scan),
      text: digest(claimant.text),
      issuedAt: shown.issuedAt,
    };
    const asked = this.#scans.get(claim.scan);
    if (asked !== undefined && asked.text !== claim.text) return "other-text";
    const before = this.#claims.get(claim.identity);
    if (before !== undefined) return before.scan === claim.scan && before.text === claim.text ? "same" : "replayed";
    if (!this.#hasRoom(claim)) return "full";
    try {
      this.keep(claim);
    } catch {
      return "full";
    }
    this.remember(claim);
    return "first";
  }

  /** Take over a claim that was kept. */
  remember(claim: Claim): void {
    this.#claims.set(claim.identity, claim);
    this.#scans.set(claim.scan, claim);
    this.#ofCredential.set(claim.credential, (this.#ofCredential.get(claim.credential) ?? 0) + 1);
    const left = Math.max(0, claim.issuedAt + this.#window - this.options.now());
    const until = Math.ceil(this.options.elapsed() / 1000 + left) + 1;
    const list = this.#kept.get(until);
    if (list === undefined) this.#kept.set(until, [claim]);
    else list.push(claim);
  }

  /** Those that are kept, for who writes them anew. */
  *[Symbol.iterator](): IterableIterator<Claim> {
    yield* this.#claims.values();
  }

  #hasRoom({ credential, issuedAt }: Claim): boolean {
    if (issuedAt < this.#knownFrom || this.#claims.size >= (this.options.most ?? MAX_CLAIMS)) return false;
    return (this.#ofCredential.get(credential) ?? 0) < MAX_CLAIMS_PER_CREDENTIAL;
  }

  /** Under a longer window presentations may be accepted again whose claims have been forgotten under the shorter one. */
  #widen(): void {
    const window = this.options.window();
    if (window <= this.#window) return;
    this.#knownFrom = this.options.now() - this.#window;
    this.#window = window;
    const all = [...this.#kept.values()].flat();
    this.#kept.clear();
    this.#claims.clear();
    this.#scans.clear();
    this.#ofCredential.clear();
    for (const claim of all) this.remember(claim);
  }

  /** Forget what is too old by the clock, and has been kept as long by the one that is never set. */
  #purge(): void {
    const second = Math.floor(this.options.elapsed() / 1000);
    if (second === this.#purged) return;
    this.#purged = second;
    const oldest = this.options.now() - this.#window;
    for (const [until, claims] of this.#kept) {
      if (until >= second) continue;
      const left = claims.filter((claim) => claim.issuedAt >= oldest);
      for (const claim of claims) if (claim.issuedAt < oldest) this.#forget(claim);
      if (left.length === 0) this.#kept.delete(until);
      else this.#kept.set(until, left);
    }
  }

  #forget({ identity, credential, scan }: Claim): void {
    this.#claims.delete(identity);
    if (this.#scans.get(scan)?.identity === identity) this.#scans.delete(scan);
    const count = (this.#ofCredential.get(credential) ?? 1) - 1;
    if (count > 0) this.#ofCredential.set(credential, count);
    else this.#ofCredential.delete(credential);
  }
}

function digest(of: string | Uint8Array): string {
  return createHash("sha256").update(of).digest().toString("latin1");
}
