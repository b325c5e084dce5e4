import { createHash } from "node:crypto";
import { Instance } from "../engine/instance.js";
import { compileEngine } from "../engine/module.js";
import { algorithmOfCose } from "../format/algorithm.js";
import { equalBytes, fromBase64Url } from "../format/bytes.js";
import type { CredentialForm } from "../format/credential.js";
import { readEnrolmentProof } from "../format/enrolment.js";
import { ItemError } from "../format/items.js";
import type { VerifySignature } from "../format/trust/trust-list.js";
import type { Ineligible } from "./errors.js";
import { ageOn, holderKeyOf, identityOf, type Person } from "./person.js";
import { hasRoom } from "./presentable.js";

export interface EligibilityTerms {
  /** YYYYMMDD of the day of issue. */
  today: string;
  form: CredentialForm;
  /** The root key's fingerprint, hex: what a proof must be for. */
  root: string;
  /** Seconds since 1970. */
  now: number;
}

/** At 16 a citizen enrols. */
export const MINIMUM_AGE = 16;

/** Seconds: a phone that has not learned the time yet is let go wrong by an hour, and a file may lie for a day. */
const PROOF_AHEAD = 3_600;
const PROOF_AGE = 86_400;

export interface Judged {
  person: Person;
  /** Undefined for whom there is nothing in the way. */
  why: Ineligible | undefined;
}

/** Each of the people, in their order. */
export async function judge(people: readonly Person[], terms: EligibilityTerms): Promise<Judged[]> {
  const isAnyProof = people.some(({ proof }) => proof !== undefined);
  const verify = isAnyProof ? new Instance(await compileEngine()).checkSignature : () => false;
  return people.map((person) => ({ person, why: reasonAgainst(person, terms, verify) }));
}

function reasonAgainst(person: Person, terms: EligibilityTerms, verify: VerifySignature): Ineligible | undefined {
  if (ageOn(terms.today, person.birthDate) < MINIMUM_AGE) return "under-age";
  if (person.proof !== undefined && !isProven(person, person.proof, terms, verify)) return "bad-proof";
  if (terms.form === "static") return undefined;
  if (person.holderKey === undefined) return "no-holder-key";
  return hasRoom(identityOf(person)) ? undefined : "too-many-claims";
}

function isProven(person: Person, text: string, { root, now }: EligibilityTerms, verify: VerifySignature): boolean {
  const [bytes, key] = [fromBase64Url(text), holderKeyOf(person)];
  if (bytes === undefined || key === undefined) return false;
  try {
    const proof = readEnrolmentProof(bytes);
    const number = new Uint8Array(createHash("sha256").update(person.id).digest());
    if (proof.audience !== root || !equalBytes(proof.idNumberHash, number)) return false;
    if (proof.issuedAt > now + PROOF_AHEAD || proof.issuedAt < now - PROOF_AGE) return false;
    if (algorithmOfCose(proof.algorithm) !== key.algorithm) return false;
    return verify(key.algorithm, key.publicKey, proof.toBeSigned, proof.signature);
  } catch (error) {
    if (error instanceof ItemError) return false;
    throw error;
  }
}
