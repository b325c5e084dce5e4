import { access, constants } from "node:fs/promises";
import { readBounded } from "../engine/bounded-file.js";
import type { StatusSource } from "../engine/state.js";
import { MAX_SETTINGS_FILE_LENGTH, MAX_STATUS_FILE_LENGTH, MAX_TRUST_FILE_LENGTH } from "../abi/limits.js";
import { StatusError, type StatusErrorCode } from "../format/status/error.js";
import { decodeText } from "../format/text.js";
import { TrustError, type TrustErrorCode, type TrustWarning } from "../format/trust/trust-list.js";
import type { PolicyTable } from "../policy/policy.js";
import { reasonOf, UsageError } from "./errors.js";
import { note, paintError, printable } from "./output.js";
import { readingText } from "./input.js";

/** The files that verdicts rest on, and what to say where they cannot be used. */

/** What is read of a file named with each option, at most. */
const MOST = {
  "--trust": MAX_TRUST_FILE_LENGTH,
  "--status": MAX_STATUS_FILE_LENGTH,
  "--policy": MAX_SETTINGS_FILE_LENGTH,
  "--tokens": MAX_SETTINGS_FILE_LENGTH,
  "--tls-cert": MAX_SETTINGS_FILE_LENGTH,
  "--tls-key": MAX_SETTINGS_FILE_LENGTH,
  "--tls-client-ca": MAX_SETTINGS_FILE_LENGTH,
  "--compare": MAX_SETTINGS_FILE_LENGTH,
};

export async function readSource(option: keyof typeof MOST, file: string): Promise<Uint8Array> {
  return readBounded(file, MOST[option]).catch((error: unknown) => {
    throw unreadableSource(option, file, error);
  });
}

export async function readSources(option: keyof typeof MOST, files: readonly string[]): Promise<Uint8Array[]> {
  return Promise.all(files.map((file) => readSource(option, file)));
}

/** Trust files, with a warning for each key of theirs that is passed over. */
export async function readTrustFiles(files: readonly string[] = []): Promise<Uint8Array[]> {
  const sources = await readSources("--trust", files);
  for (const { file = 0, message, remedy } of await warningsOf(sources)) {
    const name = files[file] ?? "";
    const advice = remedy === undefined ? "" : `; ${remedy.replaceAll("FILE", name)}`;
    note(`${paintError.yellow("hufu:")} ${printable(`${name}: ${message}: it is passed over${advice}`)}.`);
  }
  return sources;
}

/** Of files that cannot be used at all there are none: the engine's error names them. */
async function warningsOf(sources: readonly Uint8Array[]): Promise<readonly TrustWarning[]> {
  // Our own lists are taken whole or not at all.
  const others = sources.map((bytes) => (bytes[0] === 0xd2 ? undefined : bytes));
  if (others.every((bytes) => bytes === undefined)) return [];
  const { readTrust } = await import("../format/trust/trust.js");
  return others.flatMap((bytes, file) => {
    try {
      const warnings = bytes === undefined ? [] : (readTrust(bytes, () => false).warnings ?? []);
      return warnings.map((warning) => ({ ...warning, file }));
    } catch (error) {
      if (error instanceof TrustError) return [];
      throw error;
    }
  });
}

/** Status files stay on disk until the engine checks them: a nation's are large. */
export async function locateSources(option: string, files: readonly string[]): Promise<StatusSource[]> {
  return Promise.all(
    files.map(async (path) => {
      await access(path, constants.R_OK).catch((error: unknown) => {
        throw unreadableSource(option, path, error);
      });
      return { path };
    }),
  );
}

/** A source that is a text. */
export async function readTextSource(option: keyof typeof MOST, file: string): Promise<string> {
  return readingText(file, await readSource(option, file), decodeText);
}

function unreadableSource(option: string, file: string, error: unknown): UsageError {
  return new UsageError(`cannot read ${option} ${file}: ${reasonOf(error)}`, "name a file that can be read");
}

export async function readPolicyFile(file: string): Promise<PolicyTable> {
  const text = await readTextSource("--policy", file);
  const { readPolicy } = await import("../policy/policy.js");
  try {
    return readPolicy(text);
  } catch (error) {
    const example = '{"hufuPolicy": 1, "rules": [{"purpose": "rail-boarding"}]}';
    throw new UsageError(`cannot use ${file}: ${reasonOf(error)}`, `write it as ${example}`);
  }
}

/** Files as they were handed to the engine. */
export interface SourceNames {
  trust: readonly string[];
  status: readonly string[];
}

const AGAIN = "fetch it again from the authority";
const ISSUER_MENDS = "fetch it again; if it stays so, whoever issues it has to mend it";
const STATUS_REMEDIES: Partial<Record<StatusErrorCode, string>> = {
  UNKNOWN_FORMAT: "give a status snapshot, a delta or a Token Status List",
  FOREIGN_FORMAT: "fetch it as application/statuslist+cwt, and keep its bytes as they are",
  BAD_HEADER: ISSUER_MENDS,
  BAD_BODY: ISSUER_MENDS,
  WEB_PAGE: "open a page in a browser there, sign in, and fetch it again",
  UNKNOWN_KEY: "name the trust list of the authority that signed it",
  WRONG_BASE: "name the snapshot that it belongs to before it",
  UNREADABLE: "name a file that can be read",
  NOT_STORED: "name a folder with room for it in TMPDIR",
};
const TRUST_REMEDIES: Partial<Record<TrustErrorCode, string>> = {
  UNKNOWN_FORMAT: "give a trust list, a JWK set, or public keys or certificates in PEM or DER",
  BAD_JWKS: "mend it, or give a trust list or PEM keys",
  BAD_PEM: "mend it, or give a trust list or a JWK set",
  BAD_DER: "mend it, or give a trust list or a JWK set",
  PRIVATE_KEY: "let nobody else see that file",
  UNSUPPORTED_KEY: "give the keys that sign cards",
  NOT_FOR_SIGNING: "give the keys that sign cards",
  NO_KEYS: "give the keys of the authorities that are to be trusted",
  TOO_MANY_KEYS: "leave out those of no use",
};

/** What to say of an error that the engine ended in when it was given these files; other errors stay as they are. */
export function unusableSources(error: unknown, { trust, status }: SourceNames): unknown {
  const named = (names: readonly string[], index?: number): string => names[index ?? -1] ?? names.join(", ");
  if (error instanceof StatusError) {
    return new UsageError(
      `cannot use ${named(status, error.file)}: ${error.message}`,
      STATUS_REMEDIES[error.code] ?? AGAIN,
    );
  }
  if (error instanceof TrustError) {
    const file = named(trust, error.file);
    const remedy = error.remedy?.replaceAll("FILE", file) ?? TRUST_REMEDIES[error.code] ?? AGAIN;
    return new UsageError(`cannot use ${file}: ${error.message}`, remedy);
  }
  if (error instanceof Error && error.name === "UnacceptableKey") {
    return new UsageError(`cannot use ${named(trust)}: ${error.message}`, "take that key out of it");
  }
  return error;
}
