/** The fields of assembly/credential/credential.ts in their order, each at its natural alignment. */
const FIELDS = {
  header: "u32",
  headerLength: "i32",
  unprotected: "u32",
  unprotectedLength: "i32",
  algorithm: "i32",
  kid: "u32",
  kidLength: "i32",
  signature: "u32",
  signatureLength: "i32",
  toBeSigned: "u32",
  toBeSignedLength: "i32",
  payload: "u32",
  payloadLength: "i32",
  issuer: "u32",
  issuerLength: "i32",
  expires: "i64",
  notBefore: "i64",
  issuedAt: "i64",
  cti: "u32",
  ctiLength: "i32",
  confirmationKey: "u32",
  confirmationKeyLength: "i32",
  statusIndex: "i64",
  statusUri: "u32",
  statusUriLength: "i32",
  identity: "u32",
  identityLength: "i32",
  tier: "i32",
  dateOfBirth: "u32",
  namesStatus: "u32",
  format: "i32",
  holder: "i32",
  holderMessage: "u32",
  holderKey: "u32",
} as const;

type Fields = typeof FIELDS;
type ByteField = Extract<{ [K in keyof Fields]: `${K}Length` extends keyof Fields ? K : never }[keyof Fields], string>;
export type CredentialFields = { [K in keyof Fields]: Fields[K] extends "i64" ? bigint : number };

export const ABSENT_EXPIRES = 2n ** 63n - 1n;
export const ABSENT_DATE = -(2n ** 63n);

const OFFSETS = new Map<string, number>();
let end = 0;
for (const [name, type] of Object.entries(FIELDS)) {
  const size = type === "i64" ? 8 : 4;
  const offset = Math.ceil(end / size) * size;
  OFFSETS.set(name, offset);
  end = offset + size;
}

/** Bytes of a Credential. */
export const FIELDS_SIZE = Math.ceil(end / 8) * 8;

/** The Credential at `address`, field by field. */
export function readCredential(memory: WebAssembly.Memory, address: number): CredentialFields {
  const view = new DataView(memory.buffer);
  const entries = Object.entries(FIELDS).map(([name, type]) => {
    const at = address + (OFFSETS.get(name) ?? 0);
    if (type === "i64") return [name, view.getBigInt64(at, true)];
    return [name, type === "i32" ? view.getInt32(at, true) : view.getUint32(at, true)];
  });
  return Object.fromEntries(entries) as CredentialFields;
}

/** The bytes a field points to; undefined where it is absent. */
export function bytesOf(
  memory: WebAssembly.Memory,
  credential: CredentialFields,
  field: ByteField,
): Uint8Array | undefined {
  const address = credential[field];
  if (address === 0) return undefined;
  return new Uint8Array(memory.buffer).slice(address, address + credential[`${field}Length`]);
}
