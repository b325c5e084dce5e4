import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Refusal } from "../../engine/control-plane.js";
import type { StatusSource } from "../../engine/state.js";
import type { Verifier } from "../../engine/verifier.js";
import { StatusError, type StatusErrorCode } from "../../format/status/error.js";
import { TrustError, type TrustErrorCode } from "../../format/trust/trust-list.js";
import type { Config } from "../../server/config.js";
import type { Reason } from "../../server/readiness.js";
import type { RunningServer } from "../../server/server.js";
import { type AccessToken, readTokens } from "../../server/token.js";
import { reasonOf, UsageError } from "../errors.js";
import { certificatesOf } from "./certificates.js";
import type { Log } from "./logging.js";
import {
  locateSources,
  readPolicyFile,
  readSource,
  readSources,
  readTextSource,
  readTrustFiles,
  unusableSources,
} from "../sources.js";

/** Files named by hand: read at the start, and again at SIGHUP. */

export async function readNamed(config: Config): Promise<{ trust: Uint8Array[]; status: StatusSource[] }> {
  return {
    trust: await readTrustFiles(config.trust),
    status: await locateSources("--status", config.status),
  };
}

/** The one token that may ask everything, and those that are for something. */
export async function accessTokens({ token, tokens }: Config): Promise<AccessToken[]> {
  const text = tokens === undefined ? undefined : await readTextSource("--tokens", tokens);
  try {
    const one = token === undefined ? [] : [{ token, at: true, match: true }];
    return [...one, ...(text === undefined ? [] : readTokens(text))];
  } catch (error) {
    const example = '[{"token": "...", "purposes": ["rail-boarding"], "claims": false}]';
    throw new UsageError(`cannot use ${tokens ?? ""}: ${reasonOf(error)}`, `write it as ${example}`);
  }
}

/**
 * Nothing is wrong with such a file itself, and another may come, a key, or room: the server listens and is not ready.
 * One that is damaged, or never was of its kind, is a fault of the configuration.
 */
const MAY_PASS: Partial<Record<StatusErrorCode | TrustErrorCode, true>> = {
  OLD_EPOCH: true,
  IN_FUTURE: true,
  EXPIRED: true,
  OTHER_ROOT: true,
  UNKNOWN_KEY: true,
  WRONG_BASE: true,
  NOT_STORED: true,
};

/** What to say of files that were not taken at the start, by name. Throws UsageError where the start must end. */
export function refusedFiles(refused: readonly Refusal[], config: Config, log: Log): Map<string, Reason> {
  const reasons = new Map<string, Reason>();
  for (const { source, file, error } of refused) {
    const name = config[source][file] ?? "";
    const told = unusableSources(error, { trust: [name], status: [name] });
    const passes = (error instanceof StatusError || error instanceof TrustError) && MAY_PASS[error.code] === true;
    if (!passes || !(told instanceof UsageError)) throw told;
    log.warn({ file: name, why: error.message }, "not taken");
    reasons.set(name, { code: "FILE_REFUSED", sentence: told.message, remedy: told.remedy ?? "name another" });
  }
  return reasons;
}

/** At SIGHUP what was named by hand is read again. What is wrong then changes nothing, and the log says so. */
export function reloading(
  config: Config,
  verifier: Verifier,
  server: RunningServer,
  refused: Map<string, Reason>,
  log: Log,
): void {
  const named = new Named(config, verifier, refused);
  const take = async (what: string, work: () => Promise<boolean>): Promise<void> => {
    try {
      if (await work()) log.info({ what }, "read again");
    } catch (error) {
      log.warn({ what, why: reasonOf(error) }, "not taken: what was in force stays in force");
    }
  };
  const reload = async (): Promise<void> => {
    const { policy, tokens } = config;
    if (policy !== undefined) {
      await take(policy, async () => {
        verifier.replacePolicy(await readPolicyFile(policy));
        return true;
      });
    }
    if (tokens !== undefined) {
      await take(tokens, async () => {
        server.replaceTokens(await accessTokens(config));
        return true;
      });
    }
    const { tlsCert } = config;
    if (tlsCert !== undefined) {
      await take(tlsCert, async () => {
        const certificates = await certificatesOf(config);
        if (certificates !== undefined) server.replaceCertificates(certificates);
        return true;
      });
    }
    for (const file of config.trust) await take(file, () => named.takeList(file));
    if (config.trust.length > 0) await take(config.trust.join(", "), () => named.takeKeys());
    if (config.status.length > 0) await take(config.status.join(", "), () => named.takeStatus());
  };
  let working = named.note();
  process.on("SIGHUP", () => {
    log.info("SIGHUP: reading again what was named by hand");
    working = working.then(reload);
  });
}

/** Trust and status files named by hand, and what they were when they were last taken. */
class Named {
  readonly #marks = new Map<string, string>();

  constructor(
    readonly config: Config,
    readonly verifier: Verifier,
    readonly refused: Map<string, Reason>,
  ) {}

  /** How they are at the start. */
  async note(): Promise<void> {
    for (const file of this.config.status) this.#marks.set(file, await markOf(file));
    for (const file of this.config.trust) {
      const bytes = await readSource("--trust", file).catch(() => undefined);
      if (bytes !== undefined) this.#marks.set(file, hashOf(bytes));
    }
  }

  /** A signed list. Resolves with whether it had changed. */
  async takeList(file: string): Promise<boolean> {
    const bytes = await readSource("--trust", file);
    if (!isSignedList(bytes) || this.#marks.get(file) === hashOf(bytes)) return false;
    await this.verifier.updateTrust(bytes);
    this.#taken(file, hashOf(bytes));
    return true;
  }

  /** JWK sets and PEM files, together: nothing in one says whose place it takes. */
  async takeKeys(): Promise<boolean> {
    const files = this.config.trust;
    const sources = await readSources("--trust", files);
    const keys = sources.flatMap((bytes, i) => (isSignedList(bytes) ? [] : [{ file: files[i] ?? "", bytes }]));
    if (keys.every(({ file, bytes }) => this.#marks.get(file) === hashOf(bytes))) return false;
    await readTrustFiles(keys.map(({ file }) => file));
    await this.verifier.updateKeys(...keys.map(({ bytes }) => bytes));
    for (const { file, bytes } of keys) this.#taken(file, hashOf(bytes));
    return true;
  }

  /** Those that have changed, together: a snapshot and the delta that leads on from it. */
  async takeStatus(): Promise<boolean> {
    const marked = await Promise.all(this.config.status.map(async (file) => ({ file, mark: await markOf(file) })));
    const changed = marked.filter(({ file, mark }) => this.#marks.get(file) !== mark);
    if (changed.length === 0) return false;
    await this.verifier.updateStatus(...changed.map(({ file }) => ({ path: file })));
    for (const { file, mark } of changed) this.#taken(file, mark);
    return true;
  }

  #taken(file: string, mark: string): void {
    this.#marks.set(file, mark);
    this.refused.delete(file);
  }
}

/** Tag 18 of CBOR, with which a COSE_Sign1 of ours begins. */
function isSignedList(bytes: Uint8Array): boolean {
  return bytes[0] === 0xd2;
}

async function markOf(file: string): Promise<string> {
  const { mtimeNs, size, ino } = await stat(file, { bigint: true });
  return `${mtimeNs} ${size} ${ino}`;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
