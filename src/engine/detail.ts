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
): void {
  let offset = 0;
  verdicts.forEach((verdict, index) => {
    const length = view.getUint32(RESULTS_OFFSET + index * RESULT_SIZE + RESULT_DETAIL_LENGTH, true);
    const requirements = requirementsOf(index);
    if (length > 0 && requirements) applyOne(detail.subarray(offset, offset + length), verdict, requirements);
    offset += length;
  });
}

/** The three fields of one item's detail; empty where the item had none, or its signature does not hold. */
export function splitDetail(detail: Uint8Array): { kid: Uint8Array; issuer: Uint8Array; identity: Uint8Array } {
  const view = new DataView(detail.buffer, detail.byteOffset, detail.byteLength);
  let at = 0;
  const field = (): Uint8Array => {
    if (at + 4 > detail.length) return new Uint8Array();
    const start = at + 4;
    at = start + view.getUint32(at, true);
    return detail.subarray(start, at);
  };
  return { kid: field(), issuer: field(), identity: field() };
}

function applyOne(detail: Uint8Array, verdict: Verdict, requirements: Requirements): void {
  const { kid, issuer, identity } = splitDetail(detail);
  if (kid.length > 0) verdict.kid = toHex(kid);
  if (issuer.length > 0) verdict.issuer ??= text.decode(issuer);
  if (identity.length === 0 || requirements.detail !== "claims") return;
  const claims = readClaims(identity);
  const { disclosed } = requirements;
  verdict.claims = disclosed
    ? Object.fromEntries(Object.entries(claims).filter(([key]) => disclosed.some((number) => String(number) === key)))
    : claims;
}
