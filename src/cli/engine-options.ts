import { type Command, Option } from "commander";
import type { Verifier } from "../engine/verifier.js";
import { locateSources, readPolicyFile, readTrustFiles, unusableSources } from "./sources.js";
import { statusFilesOf, type StatusOptions, withStatusOptions } from "./status-options.js";

/** What a command that verifies on this machine is given, and the engine made of it. */
export interface EngineOptions extends StatusOptions {
  trust: string[];
  policy?: string;
}

/** `mandatory`: whether the command has no other way to verify. */
export function withEngineOptions(command: Command, mandatory = true): Command {
  const trust = new Option("--trust <file...>", "signed trust list, JWKS, or PEM public keys and certificates");
  return withStatusOptions(
    command.addOption(trust.makeOptionMandatory(mandatory)).option("--policy <file>", "acceptance policy, JSON"),
  );
}

export interface Beginning {
  /** Rejects with UsageError where a file cannot be used. */
  created: Promise<Verifier>;
  /**
   * Ends the process, once no worker is loading: what is in a temporary folder is removed when the process exits, which a
   * signal alone would not make it do.
   */
  end: (exitStatus: number) => void;
}

/** Rejects with UsageError. */
export async function beginVerifier(options: EngineOptions): Promise<Beginning> {
  const statusFiles = statusFilesOf(options);
  const { Verifier } = await import("../engine/verifier.js");
  const trust = await readTrustFiles(options.trust);
  const policy = options.policy === undefined ? undefined : await readPolicyFile(options.policy);
  const status = statusFiles === "none" ? statusFiles : await locateSources("--status", statusFiles);
  const creating = Verifier.create({ trust, status, ...(policy && { policy }) });
  return {
    created: creating.catch((error: unknown) => {
      throw unusableSources(error, { trust: options.trust, status: options.status ?? [] });
    }),
    end: (exitStatus) => {
      void creating.then((verifier) => verifier.loaded()).finally(() => process.exit(exitStatus));
    },
  };
}
