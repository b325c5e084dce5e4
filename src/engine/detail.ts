import { RESULT_DETAIL_LENGTH, RESULT_SIZE, RESULTS_OFFSET } from "../abi/batch.js";
import { readClaims } from "../format/claims.js";
import { toHex } from "../format/bytes.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict } from "../format/verdict.js";

const text = new TextDecoder();

/**
 * Add to the verdicts of a batch what the engine's detail says (assembly/detail.ts): the kid of keys that are not
 * trusted, the credential's own iss where the trust list names no issuer, and the claims that were asked for.
 */
export function applyDetail(
  view: DataView,
  detail: Uint8Array,
  verdicts: readonly Verdict[],
  requirementsOf: (index: number) => Requirements | undefined,
  onKnown?: (index: number, known: Known) => void,
): void {
  let offset = 0;
  verdicts.forEach((verdict, index) => {
    const length = view.getUint32(RESULTS_OFFSET + index * RESULT_SIZE + RESULT_DETAIL_LENGTH, true);
    const requirements = requirementsOf(index);
    if (length > 0 && requirements) {
      const fields = splitDetail(detail.subarray(offset, offset + length));
      if (requirements.detail !== undefined) applyOne(fields, verdict, requirements);
      const { presentation, credential } = fields;
      if (presentation.length + credential.length > 0) onKnown?.(index, readKnown(presentation, credential));
    }
    offset += length;
  });
}

/** What an accepted presentation is known by (contract §3): CBOR, to be hashed and not to be kept. */
export interface Shown {
  /** Of this presentation. */
  readonly identity: Uint8Array;
  /** Of the credential that it shows. */
  readonly credential: Uint8Array;
  /** Seconds since 1970: when the phone says that it was made. */
  readonly issuedAt: number;
}

/** What a text is known by, as far as that was asked. */
export interface Known {
  /** An accepted presentation that is to be accepted once. */
  readonly shown?: Shown;
  /** The credential, whatever shows it, of which a name or number was compared. */
  readonly credential?: Uint8Array;
}

function readKnown(presentation: Uint8Array, credential: Uint8Array): Known {
  return {
    ...(presentation.length > 0 && { shown: readShown(presentation) }),
    ...(credential.length > 0 && { credential: credential.slice() }),
  };
}

function readShown(field: Uint8Array): Shown {
  const view = new DataView(field.buffer, field.byteOffset, field.byteLength);
  const identity = field.slice(12);
  return {
    identity,
    credential: identity.subarray(0, view.getUint32(8, true)),
    issuedAt: Number(view.getBigInt64(0, true)),
  };
}

interface Detail {
  kid: Uint8Array;
  issuer: Uint8Array;
  identity: Uint8Array;
  presentation: Uint8Array;
  credential: Uint8Array;
}

/** The fields of one item's detail; empty where the item had none, or its signature does not hold. */
export function splitDetail(detail: Uint8Array): Detail {
  const view = new DataView(detail.buffer, detail.byteOffset, detail.byteLength);
  let at = 0;
  const field = (): Uint8Array => {
    if (at + 4 > detail.length) return new Uint8Array();
    const start = at + 4;
    at = start + view.getUint32(at, true);
    return detail.subarray(start, at);
  };
  return { kid: field(), issuer: field(), identity: field(), presentation: field(), credential: field() };
}

function applyOne({ kid, issuer, identity }: Detail, verdict: Verdict, requirements: Requirements): void {
  if (kid.length > 0) verdict.kid = toHex(kid);
  if (issuer.length > 0) verdict.issuer ??= text.decode(issuer);
  if (identity.length === 0 || requirements.detail !== "claims") return;
  const claims = readClaims(identity);
  const { disclosed } = requirements;
  verdict.claims = disclosed
    ? Object.fromEntries(Object.entries(claims).filter(([key]) => disclosed.some((number) => String(number) === key)))
    : claims;
}
