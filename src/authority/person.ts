import { z } from "zod";
import type { PublicKey } from "../format/cose-key.js";
import { TrustError } from "../format/trust-list.js";
import type { Identity } from "../format/identity.js";
import { readJwks } from "../format/jwks.js";
import { isCalendarDate, parseResidentId, type ResidentIdFault } from "../format/resident-id.js";
import { fromBase64 } from "../format/bytes.js";

/** A person as people write it (JSON, CSV) and as the authority keeps it. */

const ID_FAULTS: Readonly<Record<ResidentIdFault, string>> = {
  length: "has not 18 characters",
  characters: "is not 17 digits and then a digit or X",
  "birth-date": "has no date in digits 7 to 14",
  "check-character": "has a wrong check character: a digit was mistyped",
};
const GENDERS = { male: 1, female: 2, other: 3, M: 1, F: 2, 男: 1, 女: 2, "1": 1, "2": 2, "3": 3 } as const;
const PHOTO_FORMATS = { jpeg: 1, jpeg2000: 2, avif: 3, webp: 4 } as const;
/** Bytes of a photo that still fits into one QR beside the rest. */
const MAX_PHOTO = 1600;

const text = z.string({ error: ({ input }) => (input === undefined ? "is missing" : "is no text") });

const line = (longest: number) =>
  text
    .transform((value) => value.normalize("NFC").trim())
    .pipe(
      z
        .string()
        .min(1, "is empty")
        .max(longest)
        .regex(/^\P{Cc}*$/u, "has control characters"),
    );

const idNumber = text
  .transform((number) => number.trim().toUpperCase())
  .superRefine((number, context) => {
    const id = parseResidentId(number);
    if ("fault" in id) context.addIssue({ code: "custom", message: ID_FAULTS[id.fault] });
  });

const date = text
  .transform((value) => value.replaceAll("-", ""))
  .refine(isCalendarDate, "is no date: write YYYY-MM-DD");

const gender = z
  .union([z.enum(["male", "female", "other", "M", "F", "男", "女", "1", "2", "3"]), z.literal([1, 2, 3])], {
    error: "is male, female or other",
  })
  .transform((word) => GENDERS[word]);

const holderKey = z.record(z.string(), z.unknown()).superRefine((jwk, context) => {
  try {
    if (readJwks(JSON.stringify(jwk)).length !== 1) {
      context.addIssue({ code: "custom", message: "is a key of another kind than Ed25519, P-256 and SM2" });
    }
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

const fields = z.strictObject({
  /** Resident identity number. */
  id: idNumber,
  name: line(100),
  /** YYYY-MM-DD or YYYYMMDD; the ID number's when absent. */
  birthDate: date.optional(),
  gender: gender.optional(),
  /** ISO 3166-1 alpha-2. */
  nationality: z
    .string()
    .regex(/^[A-Z]{2}$/, "is a country of two capital letters, such as CN")
    .default("CN"),
  address: line(200).optional(),
  phone: line(30).optional(),
  email: z.email("is no e-mail address").max(100).optional(),
  /** Where the holder is registered, GB/T 2260; the ID number's region when absent. */
  region: z
    .string()
    .regex(/^\d{6}$/, "is a GB/T 2260 code of 6 digits")
    .optional(),
  secondName: line(100).optional(),
  /** ISO 639-3, of secondName. */
  secondLanguage: z
    .string()
    .regex(/^[a-z]{3}$/, "is a language of three letters, such as eng")
    .optional(),
  /** Base64. */
  photo: text
    .refine(
      (value) => (fromBase64(value)?.length ?? Infinity) <= MAX_PHOTO,
      `is not base64 of up to ${MAX_PHOTO} bytes`,
    )
    .optional(),
  photoFormat: z.enum(["jpeg", "jpeg2000", "avif", "webp"]).optional(),
  /** JWK of the key in the holder's phone. */
  holderKey: holderKey.optional(),
});

/** What a person's record may say; zod checks it, and `z.toJSONSchema` describes it. */
export const PersonSchema = fields
  .superRefine((person, context) => {
    const disagree = (path: string, message: string) => {
      context.addIssue({ code: "custom", path: [path], message });
    };
    if ((person.photo === undefined) !== (person.photoFormat === undefined)) {
      disagree("photoFormat", "goes with photo, and photo with it");
    }
    const id = parseResidentId(person.id);
    if ("fault" in id || person.nationality !== "CN") return;
    if (person.birthDate !== undefined && person.birthDate !== id.birthDate) {
      disagree("birthDate", `disagrees with the ID number, which says ${id.birthDate}`);
    }
    if (person.gender !== undefined && person.gender !== GENDERS[id.sex]) {
      disagree("gender", `disagrees with the ID number, which says ${id.sex}`);
    }
  })
  .transform((person) => {
    const id = parseResidentId(person.id);
    if ("fault" in id) return { ...person, birthDate: person.birthDate ?? "", gender: person.gender ?? 3 };
    return { ...person, birthDate: person.birthDate ?? id.birthDate, gender: person.gender ?? GENDERS[id.sex] };
  });

export type PersonInput = z.input<typeof PersonSchema>;
export type Person = z.output<typeof PersonSchema>;

/** Columns of a CSV of people: all but the holder's key. */
export const PERSON_COLUMNS = Object.keys(fields.shape).filter((name) => name !== "holderKey");

export interface PersonFault {
  /** Empty where the whole is meant. */
  field: string;
  message: string;
}

export function parsePerson(value: unknown): { person: Person } | { faults: PersonFault[] } {
  const result = PersonSchema.safeParse(value);
  if (result.success) return { person: result.data };
  return { faults: result.error.issues.map((issue) => ({ field: issue.path.join("."), message: messageOf(issue) })) };
}

/** As a clause after the field's name, or after "it" where the whole is meant. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `has unknown fields: ${issue.keys.join(", ")}`;
  return issue.path.length === 0 ? "is no object of fields" : issue.message;
}

/** Full years from birth to a day, both YYYYMMDD: the birthday itself counts. */
export function ageOn(day: string, birthDate: string): number {
  return Math.floor((Number(day) - Number(birthDate)) / 10_000);
}

/** Claim 169 of the person, without the tier. */
export function identityOf(person: Person): Identity {
  const identity: Identity = {
    id: person.id,
    language: "zho",
    fullName: person.name,
    dateOfBirth: person.birthDate,
    gender: person.gender,
    nationality: person.nationality,
    locationCode: person.region ?? person.id.slice(0, 6),
  };
  if (person.address !== undefined) identity.address = person.address;
  if (person.phone !== undefined) identity.phone = person.phone;
  if (person.email !== undefined) identity.email = person.email;
  if (person.secondName !== undefined) identity.secondFullName = person.secondName;
  if (person.secondLanguage !== undefined) identity.secondLanguage = person.secondLanguage;
  const photo = person.photo === undefined ? undefined : fromBase64(person.photo);
  if (photo !== undefined) identity.photo = photo;
  if (person.photoFormat !== undefined) identity.photoFormat = PHOTO_FORMATS[person.photoFormat];
  return identity;
}

export function holderKeyOf(person: Person): PublicKey | undefined {
  const [key] = person.holderKey === undefined ? [] : readJwks(JSON.stringify(person.holderKey));
  return key === undefined ? undefined : { algorithm: key.algorithm, publicKey: key.publicKey };
}
