import { readFile } from "node:fs/promises";
import { StatusError } from "../format/status-error.js";
import { TrustError } from "../format/trust-list.js";
import type { PolicyTable } from "../policy/policy.js";
import { reasonOf, UsageError } from "./errors.js";

/** The files that verdicts rest on, and what to say where they cannot be used. */

export async function readSources(option: string, files: readonly string[]): Promise<Uint8Array[]> {
  return Promise.all(
    files.map((file) =>
      readFile(file).catch((error: unknown) => {
        throw new UsageError(`cannot read ${option} ${file}: ${reasonOf(error)}`, "name a file that can be read");
      }),
    ),
  );
}

export async function readPolicyFile(file: string): Promise<PolicyTable> {
  const [bytes] = await readSources("--policy", [file]);
  const { readPolicy } = await import("../policy/policy.js");
  try {
    return readPolicy(Buffer.from(bytes ?? []).toString("utf8"));
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

/** What to say of an error that the engine ended in when it was given these files; other errors stay as they are. */
export function unusableSources(error: unknown, { trust, status }: SourceNames): unknown {
  const named = (names: readonly string[], index?: number): string => names[index ?? -1] ?? names.join(", ");
  const again = "fetch it again from the authority";
  if (error instanceof StatusError) {
    return new UsageError(`cannot use ${named(status, error.file)}: ${error.message}`, again);
  }
  if (error instanceof TrustError) {
    const remedy = error.code === "UNKNOWN_FORMAT" ? "give a trust list, a JWK set or PEM keys" : again;
    return new UsageError(`cannot use ${named(trust, error.file)}: ${error.message}`, remedy);
  }
  if (error instanceof Error && error.name === "UnacceptableKey") {
    return new UsageError(`cannot use ${named(trust)}: ${error.message}`, "take that key out of it");
  }
  return error;
}
