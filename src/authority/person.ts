import { z } from "zod";
import type { PublicKey } from "../format/cose-key.js";
import { TrustError } from "../format/trust/trust-list.js";
import type { Identity } from "../format/identity.js";
import { readJwk } from "../format/trust/jwks.js";
import { momentOf } from "../format/requirements.js";
import { isCalendarDate, parseResidentId } from "../format/resident-id.js";
import { fromBase64 } from "../format/bytes.js";
import { AuthorityError } from "./errors.js";
import { plainSpaces, registeredName, unheldCharacter } from "./characters.js";
import { countryIn, faultOfIdNumber, isForeigners, plainIdNumber } from "./id-number.js";
import { readPhoto } from "./photo.js";

/** A person as people write it (JSON, CSV) and as the authority keeps it. */

const GENDERS = {
  male: 1,
  female: 2,
  other: 3,
  m: 1,
  f: 2,
  男: 1,
  女: 2,
  男性: 1,
  女性: 2,
  "1": 1,
  "2": 2,
  "3": 3,
} as const;
const PHOTO_FORMATS = { jpeg: 1, jpeg2000: 2, avif: 3, webp: 4 } as const;
const COUNTRIES: Readonly<Record<string, string>> = { 中国: "CN", 中华人民共和国: "CN", CHN: "CN" };
const EARLIEST_BIRTH = "19000101";

const text = z.string({
  error: ({ input }) => {
    if (input === undefined) return "is missing";
    // Beyond 2^53 the last digits of a number are gone before anyone can see them (RFC 8259 §6).
    if (typeof input !== "number") return "is not a text";
    const lost = Number.isSafeInteger(input) ? "" : ", and its last digits are lost";
    return `is a number, not a text${lost}: write it between quotes`;
  },
});

/** A text whose every character a register holds, in the form that `plain` gives it. */
const held = (longest: number, plain: (value: string) => string) =>
  text.transform(plain).superRefine((value, context) => {
    const fault =
      value === ""
        ? "is empty"
        : value.length > longest
          ? `is longer than ${longest} characters`
          : unheldCharacter(value);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });

const name = held(100, registeredName);
const line = (longest: number) => held(longest, plainSpaces);
/** Addresses come in several lines. */
const address = held(200, (value) => plainSpaces(value.replaceAll(/[\r\n\t]+/g, " ")));

const idNumber = text.transform(plainIdNumber).superRefine((number, context) => {
  const fault = faultOfIdNumber(number);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
});

const phone = line(30).refine((value) => !/^\d([.,]\d+)?E\+?\d+$/i.test(value), {
  error: "was rounded by a spreadsheet: format the column as text and enter it again",
});

const date = text.transform(plainDate).refine(isCalendarDate, "is not a date: write YYYY-MM-DD");

/** YYYYMMDD of the ways in which spreadsheets and people write year, month and day, in that order. */
function plainDate(value: string): string {
  const written = /^(\d{4})([-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T ]0?0:00(?::00(?:\.0+)?)?Z?)?$/;
  const plain = value
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .trim();
  const [, year = "", , month = "", day = ""] = written.exec(plain) ?? [];
  return year === "" ? plain : year + month.padStart(2, "0") + day.padStart(2, "0");
}

const gender = z
  .preprocess(
    (word) => (typeof word === "string" ? word.trim().toLowerCase() : word),
    z.union([z.enum(Object.keys(GENDERS) as (keyof typeof GENDERS)[]), z.literal([1, 2, 3])], {
      error: "is male, female or other",
    }),
  )
  .transform((word) => GENDERS[word]);

const nationality = text
  .transform((value) => COUNTRIES[value.trim().toUpperCase()] ?? value.trim().toUpperCase())
  .refine(isCountry, "is a country of two capital letters, such as CN");

function isCountry(code: string): boolean {
  return /^[A-Z]{2}$/.test(code) && code !== "ZZ" && COUNTRY_NAMES.of(code) !== undefined;
}
const COUNTRY_NAMES = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

const holderKey = z.record(z.string(), z.unknown()).superRefine((jwk, context) => {
  try {
    readJwk(jwk);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

const fields = z.strictObject({
  /** Resident identity number, or a foreigner's. */
  id: idNumber,
  name,
  /** YYYY-MM-DD or YYYYMMDD; the ID number's when absent. */
  birthDate: date.optional(),
  gender: gender.optional(),
  /** ISO 3166-1 alpha-2; CN when absent, but for a foreigner's number. */
  nationality: nationality.optional(),
  address: address.optional(),
  phone: phone.optional(),
  email: z.email("is not an e-mail address").max(100).optional(),
  /** Where the holder is registered, GB/T 2260; the ID number's region when absent. */
  region: text.regex(/^[1-8]\d{5}$/, "is a GB/T 2260 code of 6 digits").optional(),
  secondName: name.optional(),
  /** ISO 639-3, of secondName. */
  secondLanguage: text.regex(/^[a-z]{3}$/, "is a language of three letters, such as eng").optional(),
  /** Base64, or a data URI. */
  photo: text.optional(),
  /** Of no account: the photo says it itself. */
  photoFormat: text.optional(),
  /** JWK of the key in the holder's phone. */
  holderKey: holderKey.optional(),
  /** That the key is the holder's own: base64url of what src/format/enrolment.ts describes. */
  proof: text.regex(/^[A-Za-z0-9_-]{1,2048}$/, "is not base64url").optional(),
});

/** What a person's record may say; zod checks it, and `z.toJSONSchema` describes it. */
export const PersonSchema = fields.transform((person, context) => {
  const disagree = (path: string, message: string) => {
    context.addIssue({ code: "custom", path: [path], message });
  };
  const { photo: picture, photoFormat, ...rest } = person;
  const photo = picture === undefined ? undefined : readPhoto(picture);
  if (photo !== undefined && "fault" in photo) disagree("photo", photo.fault);
  if (picture === undefined && photoFormat !== undefined) disagree("photo", "is missing, though its format is given");
  const nationality = person.nationality ?? (isForeigners(person.id) ? "" : "CN");
  if (isForeigners(person.id)) {
    const country = countryIn(person.id);
    if (nationality === "" || nationality === "CN") {
      disagree("nationality", "is missing: an ID number that begins with 9 is a foreigner's");
    } else if (country !== undefined && country !== nationality) {
      disagree("nationality", `disagrees with the ID number, which says ${country}`);
    }
  }
  // The check of the number has been passed.
  const id = parseResidentId(person.id);
  if ("fault" in id) return z.NEVER;
  const known = { ...rest, ...(photo !== undefined && !("fault" in photo) && photo), nationality };
  const isBound = nationality === "CN" || isForeigners(person.id);
  if (isBound && person.birthDate !== undefined && person.birthDate !== id.birthDate) {
    disagree("birthDate", `disagrees with the ID number, which says ${id.birthDate}`);
  }
  if (nationality !== "CN") return { ...known, birthDate: person.birthDate ?? id.birthDate };
  if (person.gender !== undefined && person.gender !== GENDERS[id.sex]) {
    disagree("gender", `disagrees with the ID number, which says ${id.sex}`);
  }
  return { ...known, birthDate: id.birthDate, gender: GENDERS[id.sex] };
});

export type PersonInput = z.input<typeof PersonSchema>;
export type Person = z.output<typeof PersonSchema>;

/** Columns of a CSV of people: all but the holder's key and its proof. */
export const PERSON_COLUMNS = Object.keys(fields.shape).filter((name) => name !== "holderKey" && name !== "proof");

export interface PersonFault {
  /** Empty where the whole is meant. */
  field: string;
  message: string;
}

/** `now` tells births that are yet to come. A field that is null is absent, as exports of databases have it. */
export function parsePerson(value: unknown, now: Date): { person: Person } | { faults: PersonFault[] } {
  const result = PersonSchema.safeParse(withoutNulls(value));
  if (!result.success) {
    return { faults: result.error.issues.map((issue) => ({ field: issue.path.join("."), message: messageOf(issue) })) };
  }
  const { birthDate, id } = result.data;
  const fault = faultOfBirth(birthDate, String(momentOf(now).date));
  if (fault === undefined) return { person: result.data };
  return { faults: [{ field: id.slice(6, 14) === birthDate ? "id" : "birthDate", message: fault }] };
}

/**
 * What is kept of a person, looked at again before it is signed: the row may have been altered, or be of an older version.
 * Throws AuthorityError.
 */
export function keptPerson(idNumber: string, details: unknown, now: Date): Person {
  const read = parsePerson(details, now);
  if ("person" in read && read.person.id === idNumber) return read.person;
  const faults = "faults" in read ? read.faults.map(({ field, message }) => `${field || "it"} ${message}`) : [];
  throw new AuthorityError({ code: "INVALID_PERSON", is: "kept", idNumber, faults });
}

function faultOfBirth(birthDate: string, today: string): string | undefined {
  const said = `says a birth on ${birthDate}`;
  if (birthDate < EARLIEST_BIRTH) return `${said}, before 1900: look at the household register`;
  return birthDate > today ? `${said}, which is yet to come: look at the household register` : undefined;
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

/** As a clause after the field's name, or after "it" where the whole is meant. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `has unknown fields: ${issue.keys.join(", ")}`;
  return issue.path.length === 0 ? "is not an object of fields" : issue.message;
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
    nationality: person.nationality,
  };
  if (person.gender !== undefined) identity.gender = person.gender;
  const region = person.region ?? (isForeigners(person.id) ? undefined : person.id.slice(0, 6));
  if (region !== undefined) identity.locationCode = region;
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
  const key = person.holderKey === undefined ? undefined : readJwk(person.holderKey);
  return key === undefined ? undefined : { algorithm: key.algorithm, publicKey: key.publicKey };
}
