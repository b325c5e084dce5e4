import { encode } from "cborg";

/** A CBOR map whose keys keep their type; cborg encodes a Map's integer keys as integers. */
export type ClaimMap = Map<number | string, unknown>;

export interface CardParts {
  protectedHeader?: ClaimMap | Uint8Array;
  unprotectedHeader?: ClaimMap;
  /** Claims, or the payload's bytes as they are; null for a detached payload. */
  payload?: ClaimMap | Uint8Array | null;
  signature?: Uint8Array;
  /** Tags from the outside in; [18] where not given. */
  tags?: number[];
}

/** Identity of a made-up citizen; the ID number is a valid one. */
export function sampleIdentity(): ClaimMap {
  return new Map<number | string, unknown>([
    [1, "11010519491231002X"],
    [2, "1.2.0"],
    [3, "zho"],
    [4, "王秀英"],
    [8, "19491231"],
    [9, 2],
    [13, "CN"],
    [21, "110105"],
    [75, 2],
  ]);
}

/** Claims of a card as our own authority writes them. */
export function sampleClaims(identity: unknown = sampleIdentity()): ClaimMap {
  const key = new Map<number, unknown>([
    [1, 1],
    [-1, 6],
    [-2, new Uint8Array(32).fill(7)],
  ]);
  return new Map<number | string, unknown>([
    [1, "https://id.example.cn"],
    [4, 1_787_912_445],
    [5, 1_756_376_445],
    [6, 1_756_376_445],
    [7, new Uint8Array(16).fill(9)],
    [8, new Map([[1, key]])],
    [65535, new Map([["status_list", new Map<string, unknown>([["idx", 4711], ["uri", "https://id.example.cn/status/1"]])]])], // prettier-ignore
    [169, identity],
  ]);
}

export function sampleProtectedHeader(): ClaimMap {
  return new Map<number | string, unknown>([
    [1, -8],
    [4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
    [16, "application/cwt"],
  ]);
}

/** A COSE_Sign1 message put together from its parts; a part not given is that of a good card. */
export function encodeCard(parts: CardParts = {}): Uint8Array {
  const { protectedHeader = sampleProtectedHeader(), payload = sampleClaims() } = parts;
  const body = encode([
    protectedHeader instanceof Uint8Array ? protectedHeader : encode(protectedHeader),
    parts.unprotectedHeader ?? new Map(),
    payload === null || payload instanceof Uint8Array ? payload : encode(payload),
    parts.signature ?? new Uint8Array(64),
  ]);
  const tags = (parts.tags ?? [18]).map((tag) => (tag < 24 ? [0xc0 | tag] : [0xd8, tag]));
  return Uint8Array.from([...tags.flat(), ...body]);
}
