import { ALGORITHMS } from "../../format/algorithm.js";
import type { CodeName } from "../../format/verdict.js";
import { type Fault, integerOf, isFault, type Item, readItem, valueOf } from "./cbor.js";
import { idNumberOf, listPlaceOf, type ListPlace, readClaims169, readSign1 } from "./credential.js";
import { type Dates, datesOf, faultInDates } from "./dates.js";
import { RULES } from "./rules.js";
import { readBase45, readZlib } from "./text.js";

/** What was found, by layer. */
export type Found = Partial<Record<string, string>>;

/** What a text says as far as it can be read, and where it stops being a card. */
export interface Seen {
  found: Found;
  dates: Dates;
  list?: ListPlace;
  fault?: Fault;
}

/** Everything up to the claims, each layer only where the one outside it could be read. `code` is the engine's. */
export function lookInside(text: string, code: CodeName): Seen {
  const found: Found = {};
  const stopAt = (fault: Fault): Seen => ({ found, dates: {}, fault });
  const compressed = readBase45(text);
  if (!(compressed instanceof Uint8Array)) return stopAt(compressed);
  found["base45"] = `${text.length} characters, ${compressed.length} bytes`;
  const bytes = readZlib(compressed);
  if (!(bytes instanceof Uint8Array)) return stopAt(bytes);
  found["zlib"] = `${bytes.length} bytes inflated`;
  const message = readItem(bytes);
  if (isFault(message)) return stopAt(message);
  found["CBOR"] = "one item, well-formed";
  const sign1 = readSign1(bytes, message);
  if (isFault(sign1)) return stopAt(sign1);
  const number = Number(integerOf(valueOf(sign1.headers, 1) ?? sign1.headers));
  const algorithm = Object.values(ALGORITHMS).find(({ cose }) => (cose as readonly number[]).includes(number));
  found["COSE"] = `COSE_Sign1, ${algorithm?.name ?? "algorithm"} (${number}), signature of ${sign1.signatureLength} bytes`; // prettier-ignore
  return { found, ...lookAtClaims(bytes, sign1.payload, code, found) };
}

function lookAtClaims(bytes: Uint8Array, claims: Item, code: CodeName, found: Found): Omit<Seen, "found"> {
  const identity = readClaims169(bytes, claims);
  const dates = datesOf(bytes, claims);
  const list = listPlaceOf(bytes, claims);
  const seen = { dates, ...(list !== undefined && { list }) };
  if (isFault(identity)) return { ...seen, fault: identity };
  found["claims"] = `claim 169 with ${identity.items.length / 2} entries`;
  // Dates that are numbers are the engine's to refuse: where it refused something else, they are not at fault.
  const wrong = code === "BAD_CWT" ? faultInDates(claims, dates) : undefined;
  return { ...seen, fault: wrong ?? { byte: idNumberOf(identity).start, rule: RULES.BAD_IDENTITY } };
}
