import { Code } from "../../src/abi/code.js";
import { bytesOf, type CredentialFields, readCredential } from "./credential.js";
import { loadStages } from "./stages.js";

interface ParseExports {
  credentialSize(): number;
  checkCbor(src: number, length: number): Code;
  checkUtf8(src: number, length: number): number;
  checkDate(yyyymmdd: number): number;
  checkResidentId(src: number, length: number): number;
  parseSign1(src: number, length: number, out: number): Code;
  parseClaims(src: number, length: number, out: number): Code;
  parseCard(src: number, length: number, out: number): Code;
}

export type CodeName = keyof typeof Code;

/** What the parser made of some bytes; byte fields are copied, and absent where the card has none. */
export interface Parsed {
  code: CodeName;
  fields: CredentialFields;
  bytes: (field: Parameters<typeof bytesOf>[2]) => Uint8Array | undefined;
}

// Scratch: the credential, then the input, each far from the other.
const OUT = 0;
const INPUT = 1 << 20;

/** The parser's stages over plain byte arrays. */
export async function loadParser(build: "stages" | "debug" = "stages") {
  const stages = await loadStages<ParseExports>(build);
  const { exports, base } = stages;
  const { memory } = exports;
  const place = (bytes: Uint8Array) => stages.put(bytes, INPUT);

  function finish(code: Code): Parsed {
    const fields = readCredential(memory, base + OUT);
    return { code: codeName(code), fields, bytes: (field) => bytesOf(memory, fields, field) };
  }

  return {
    credentialSize: () => exports.credentialSize(),
    checkCbor: (bytes: Uint8Array) => codeName(exports.checkCbor(place(bytes), bytes.length)),
    isUtf8: (bytes: Uint8Array) => exports.checkUtf8(place(bytes), bytes.length) !== 0,
    isDate: (yyyymmdd: number) => exports.checkDate(yyyymmdd) !== 0,
    isResidentId: (text: string) => exports.checkResidentId(place(Buffer.from(text)), text.length) !== 0,
    sign1: (bytes: Uint8Array) => finish(exports.parseSign1(place(bytes), bytes.length, base + OUT)),
    claims: (bytes: Uint8Array) => finish(exports.parseClaims(place(bytes), bytes.length, base + OUT)),
    card: (bytes: Uint8Array) => finish(exports.parseCard(place(bytes), bytes.length, base + OUT)),
  };
}

export type Parser = Awaited<ReturnType<typeof loadParser>>;

function codeName(code: Code): CodeName {
  const name = Code[code] as CodeName | undefined;
  if (name === undefined) throw new Error(`the engine answered ${String(code)}, which is no code`);
  return name;
}
