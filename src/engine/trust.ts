import { MAX_TRUSTED_KEYS } from "../abi/limits.js";
import { readTrust } from "../format/trust/trust.js";
import {
  rootId,
  TrustError,
  type TrustedKey,
  type TrustList,
  type TrustWarning,
  type VerifySignature,
} from "../format/trust/trust-list.js";
import type { Bounds } from "./bounds.js";
import { isAhead } from "./bounds.js";

/** Trust-list bytes, a JWKS, or PEM text. */
export type TrustSource = Uint8Array | string;

/** A list of ours, as it came: everything is said. */
export type SignedTrustList = TrustList & Required<Omit<TrustList, "warnings">>;

/** All that is trusted. */
export interface Trust {
  /** Signed lists, one a root: only a list of the same root takes the place of one. */
  lists: readonly SignedTrustList[];
  /** Keys of JWK sets and PEM files: they were named by hand, and stay. */
  unsigned: readonly TrustedKey[];
  /** Every key there is, those of signed lists first: where they name a key too, they know more about it. */
  keys: readonly TrustedKey[];
  /** The newest epoch of a list, 0 for none. */
  epoch: number;
  /** Keys of the sources named by hand that were passed over, and why. */
  warnings: readonly TrustWarning[];
}

export const NO_TRUST: Trust = { lists: [], unsigned: [], keys: [], epoch: 0, warnings: [] };

const utf8 = new TextEncoder();

/** Throws TrustError. */
export function readTrustSource(source: TrustSource, verify: VerifySignature): TrustList {
  return readTrust(typeof source === "string" ? utf8.encode(source) : source, verify);
}

/** Throws TrustError, which then says which of several. */
export function readTrustSources(sources: TrustSource | readonly TrustSource[], verify: VerifySignature): Trust {
  return trustSourcesOf(sources).reduce<Trust>((trust, source, index) => {
    try {
      return withSource(trust, readTrustSource(source, verify), index);
    } catch (error) {
      throw error instanceof Error ? ofFile(error, index) : error;
    }
  }, NO_TRUST);
}

export function trustSourcesOf(sources: TrustSource | readonly TrustSource[]): readonly TrustSource[] {
  return typeof sources === "string" || sources instanceof Uint8Array ? [sources] : sources;
}

/** The same error, saying which of several files it is about. */
export function ofFile(error: Error, file: number): Error {
  if (!(error instanceof TrustError)) return error;
  const { code, message, remedy } = error;
  return new TrustError(code, message, { file, ...(remedy !== undefined && { remedy }) });
}

/**
 * Trust with one more source that was named by hand, the one of number `file`: of two lists of one root the newer counts.
 * Throws TrustError.
 */
export function withSource(trust: Trust, list: TrustList, file: number): Trust {
  const warnings = [...trust.warnings, ...(list.warnings ?? []).map((warning) => ({ ...warning, file }))];
  if (!isSigned(list)) return trustOf(trust.lists, [...trust.unsigned, ...list.keys], warnings);
  const inForce = listOfRoot(trust, rootId(list.root));
  const lists = inForce !== undefined && inForce.epoch >= list.epoch ? trust.lists : replaced(trust.lists, list);
  return trustOf(lists, trust.unsigned, warnings);
}

/** Trust with these JWK sets and PEM files in the place of those there were. Throws TrustError. */
export function withKeys({ lists }: Trust, sources: readonly TrustList[]): Trust {
  return sources.reduce((trust, source, file) => withSource(trust, source, file), trustOf(lists, [], []));
}

/**
 * Trust after a newer list of one of its roots, held against `bounds`. Throws TrustError, and then what is in force stays
 * in force. Whether the root is pinned is for the caller to know.
 */
export function succeedingTrust(trust: Trust, list: SignedTrustList, bounds: Bounds): Trust {
  const root = rootId(list.root);
  const inForce = listOfRoot(trust, root);
  if (inForce !== undefined && list.epoch <= inForce.epoch) {
    throw new TrustError("OLD_EPOCH", `its epoch is ${list.epoch}, and ${inForce.epoch} is in force`);
  }
  checkTrustList(list, bounds, inForce);
  return trustOf(replaced(trust.lists, list), trust.unsigned, trust.warnings);
}

/** Throws TrustError where a list that would be the first of its root, or follow `inForce`, must not be put in force. */
export function checkTrustList(list: SignedTrustList, bounds: Bounds, inForce?: SignedTrustList): void {
  const { epoch, issuedAt, expires } = list;
  const least = bounds.trustEpoch(rootId(list.root));
  if (epoch < least) throw new TrustError("OLD_EPOCH", `its epoch is ${epoch}, and ${least} was in force before`);
  const ahead = isAhead({ epoch, signedAt: issuedAt }, bounds, inForce !== undefined);
  if (ahead !== undefined) throw new TrustError("IN_FUTURE", ahead);
  // One that has expired may follow one that has expired too: what it withdraws is withdrawn.
  if (inForce !== undefined && expires < bounds.now && inForce.expires >= bounds.now) {
    throw new TrustError("EXPIRED", `it expired at ${expires}, and one that has not is in force`);
  }
}

export function isSigned(list: TrustList): list is SignedTrustList {
  return list.root !== undefined;
}

export function listOfRoot({ lists }: Trust, root: string): SignedTrustList | undefined {
  return lists.find((list) => rootId(list.root) === root);
}

function replaced(lists: readonly SignedTrustList[], list: SignedTrustList): readonly SignedTrustList[] {
  return [...lists.filter(({ root }) => rootId(root) !== rootId(list.root)), list];
}

function trustOf(
  lists: readonly SignedTrustList[],
  unsigned: readonly TrustedKey[],
  warnings: readonly TrustWarning[],
): Trust {
  const signed = lists.flatMap(({ root, keys }) => keys.map((key): TrustedKey => ({ ...key, root: rootId(root) })));
  const keys = [...signed, ...unsigned];
  const count = keys.filter(({ use }) => use === "credential").length;
  if (count > MAX_TRUSTED_KEYS) {
    throw new TrustError("TOO_MANY_KEYS", `there are ${count} keys with it, and at most ${MAX_TRUSTED_KEYS} are trusted at once`); // prettier-ignore
  }
  return { lists, unsigned, keys, warnings, epoch: Math.max(0, ...lists.map(({ epoch }) => epoch)) };
}
