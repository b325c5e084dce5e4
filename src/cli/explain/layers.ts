import { ALGORITHMS } from "../../format/algorithm.js";
import type { CodeName, Verdict } from "../../format/verdict.js";
import { type Fault, integerOf, isFault, readItem, valueOf } from "./cbor.js";
import { idNumberOf, readClaims169, readSign1 } from "./credential.js";
import { REMEDIES, RULES } from "./rules.js";
import { readBase45, readZlib } from "./text.js";

/** The layers of a QR text, from the outside in (contract §6). */
export const LAYERS = ["base45", "zlib", "CBOR", "COSE", "claims", "key", "signature", "status", "policy"] as const;
export type LayerName = (typeof LAYERS)[number];

/** What is said of one layer. */
export interface Layer {
  layer: LayerName;
  /** not-reached: an outer layer refused. unchecked: nothing was given to check it with. */
  result: "good" | "refused" | "undetermined" | "not-reached" | "unchecked";
  /** What was found there. */
  found?: string;
  code?: CodeName;
  /** Where the fault lies, from 0: a character of the text for base45, else a byte of what the layer reads. */
  byte?: number;
  rule?: string;
  remedy?: string;
}

/** Which layer refuses with a code; codes that no card causes belong to none. */
const LAYER_OF: Partial<Record<CodeName, LayerName>> = {
  ...sameLayer("base45", "TOO_LONG", "BAD_PREFIX", "BAD_BASE45"),
  ...sameLayer("zlib", "BAD_ZLIB", "TOO_LARGE"),
  ...sameLayer("CBOR", "BAD_CBOR", "TOO_DEEP"),
  ...sameLayer("COSE", "BAD_COSE", "UNSUPPORTED_ALGORITHM"),
  ...sameLayer("claims", "BAD_CWT", "MISSING_CLAIM", "BAD_IDENTITY"),
  ...sameLayer("key", "UNKNOWN_ISSUER", "KEY_NOT_YET_VALID", "KEY_EXPIRED"),
  ...sameLayer("key", "ALGORITHM_MISMATCH", "TIER_NOT_ALLOWED_FOR_KEY", "TOO_MANY_KEYS", "CLOCK_WRONG"),
  ...sameLayer("signature", "BAD_ISSUER_SIGNATURE", "BAD_HOLDER_SIGNATURE", "BAD_DISCLOSURE"),
  ...sameLayer("status", "REVOKED", "SUSPENDED", "STATUS_NOT_COVERED", "STATUS_STALE", "STATUS_UNKNOWN"),
  ...sameLayer("policy", "NOT_YET_VALID", "EXPIRED", "TIER_TOO_LOW", "PURPOSE_NOT_ACCEPTED", "REGION_NOT_ACCEPTED"),
  ...sameLayer("policy", "UNDER_AGE", "WRONG_AUDIENCE", "PRESENTATION_STALE", "PRESENTATION_REQUIRED", "REPLAYED"),
  ...sameLayer("policy", "IDENTITY_MISMATCH", "CLAIM_NOT_DISCLOSED", "NAME_REVIEW"),
};

function sameLayer(layer: LayerName, ...codes: CodeName[]): Partial<Record<CodeName, LayerName>> {
  return Object.fromEntries(codes.map((code) => [code, layer]));
}

/**
 * The verdict layer by layer. The engine has decided; what is read here again, slowly, is where and why. A verdict of
 * UNVERIFIED is one on what could be read and was not judged.
 */
export function explainVerdict(text: string, verdict: Verdict): Layer[] {
  const seen = lookInside(text);
  const refusing = LAYER_OF[verdict.code];
  const known: Partial<Record<LayerName, string>> = { ...seen.found, ...judged(verdict) };
  // A CBOR item that another wraps is read where the wrapping is known, and its fault is one of CBOR all the same.
  const stop = refusing === undefined ? LAYERS.length : LAYERS.indexOf(refusing);
  return LAYERS.map((layer, index): Layer => {
    const found = known[layer];
    const said = found === undefined ? {} : { found };
    if (index < stop) {
      const judging = index >= LAYERS.indexOf("key");
      const unchecked =
        judging && (verdict.code === "UNVERIFIED" || (layer === "status" && verdict.status === "unchecked"));
      return { layer, result: unchecked ? "unchecked" : "good", ...said };
    }
    if (index > stop) return { layer, result: "not-reached" };
    const { code, outcome } = verdict;
    // Behind the claims the card reads well, and no byte of it is at fault.
    const place = stop < LAYERS.indexOf("key") ? seen.fault : undefined;
    const { byte, rule } = code === "BAD_PREFIX" ? PREFIX : (place ?? {});
    const remedy = REMEDIES[code];
    return {
      layer,
      result: outcome === "undetermined" ? "undetermined" : "refused",
      ...said,
      code,
      ...(byte !== undefined && { byte }),
      rule: rule ?? RULES[code] ?? code,
      ...(remedy !== undefined && { remedy }),
    };
  });
}

/** A prefix is in front, wherever the text as a whole would stop being base45. */
const PREFIX: Partial<Fault> = { byte: 0 };

interface Seen {
  found: Partial<Record<LayerName, string>>;
  fault?: Fault;
}

/** Everything up to the claims, each layer only where the one outside it could be read. */
function lookInside(text: string): Seen {
  const found: Seen["found"] = {};
  const compressed = readBase45(text);
  if (!(compressed instanceof Uint8Array)) return { found, fault: compressed };
  found.base45 = `${text.length} characters, ${compressed.length} bytes`;
  const bytes = readZlib(compressed);
  if (!(bytes instanceof Uint8Array)) return { found, fault: bytes };
  found.zlib = `${bytes.length} bytes inflated`;
  const message = readItem(bytes);
  if (isFault(message)) return { found, fault: message };
  found.CBOR = "one item, well-formed";
  const sign1 = readSign1(bytes, message);
  if (isFault(sign1)) return { found, fault: sign1 };
  const number = Number(integerOf(valueOf(sign1.headers, 1) ?? sign1.headers));
  const algorithm = Object.values(ALGORITHMS).find(({ cose }) => (cose as readonly number[]).includes(number));
  found.COSE = `COSE_Sign1, ${algorithm?.name ?? "algorithm"} (${number}), signature of ${sign1.signatureLength} bytes`;
  const identity = readClaims169(bytes, sign1.payload);
  if (isFault(identity)) return { found, fault: identity };
  found.claims = `claim 169 with ${identity.items.length / 2} entries`;
  return { found, fault: { byte: idNumberOf(identity).start, rule: RULES.BAD_IDENTITY ?? "" } };
}

/** What the verdict itself tells of the layers behind the claims. */
function judged({ kid, issuer, status, epoch, statusSource, tier }: Verdict): Partial<Record<LayerName, string>> {
  const of =
    statusSource === undefined ? "" : `, by the ${statusSource}${epoch === undefined ? "" : ` of epoch ${epoch}`}`;
  return {
    ...((kid ?? issuer) !== undefined && { key: [kid, issuer].filter((fact) => fact !== undefined).join(", ") }),
    ...(status !== undefined && { status: `${status}${of}` }),
    ...(tier !== undefined && { policy: `${tier} card` }),
  };
}
