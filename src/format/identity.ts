import type { Tier } from "../abi/batch.js";
import type { CborMap } from "./cbor.js";

/** Claim 169, the identity (MOSIP Claim 169 specification 1.2.0), as the authority writes it: every value in one form. */
export interface Identity {
  /** Resident identity number. */
  id?: string;
  /** ISO 639-3. */
  language?: string;
  fullName?: string;
  /** YYYYMMDD. */
  dateOfBirth?: string;
  /** 1 male, 2 female, 3 other. */
  gender?: 1 | 2 | 3;
  address?: string;
  email?: string;
  phone?: string;
  /** ISO 3166-1 alpha-2. */
  nationality?: string;
  photo?: Uint8Array;
  /** 1 JPEG, 2 JPEG 2000, 3 AVIF, 4 WebP. */
  photoFormat?: 1 | 2 | 3 | 4;
  secondFullName?: string;
  /** ISO 639-3, of secondFullName. */
  secondLanguage?: string;
  /** GB/T 2260, 6 digits. */
  locationCode?: string;
  tier?: Tier;
}

/** The keys of claim 169 by which the authority knows them; 75 is ours (contract §2). */
export const IDENTITY_KEYS = {
  id: 1,
  language: 3,
  fullName: 4,
  dateOfBirth: 8,
  gender: 9,
  address: 10,
  email: 11,
  phone: 12,
  nationality: 13,
  photo: 16,
  photoFormat: 17,
  secondFullName: 19,
  secondLanguage: 20,
  locationCode: 21,
  tier: 75,
} as const satisfies Record<keyof Identity, number>;

export function toIdentityMap(identity: Identity): CborMap {
  const map = new Map<number, unknown>();
  for (const [name, key] of Object.entries(IDENTITY_KEYS)) {
    const value = identity[name as keyof Identity];
    if (value !== undefined) map.set(key, value);
  }
  return map;
}
