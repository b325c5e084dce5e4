import type { Command } from "commander";
import { readRequest, RequestError } from "../format/wire/request.js";
import type { VerifyRequest } from "../format/verdict.js";
import { UsageError } from "./errors.js";

/** What a relying party asks of a card, on a command line. */
export interface RequestOptions {
  purpose?: string;
  region?: string;
  audience?: string;
  at?: string;
}

export function withRequestOptions(command: Command): Command {
  return command
    .option("--purpose <purpose>", "what the card is checked for, such as rail-boarding")
    .option("--region <code>", "where, as a GB/T 2260 code")
    .option("--audience <name>", "who checks: for presentations, which are not verified yet")
    .option("--at <time>", "the moment to judge by, as RFC 3339; now by default");
}

export function requestFrom({ purpose, region, audience, at }: RequestOptions): VerifyRequest {
  const asked: Record<string, string | undefined> = { purpose, region, audience, at };
  try {
    return readRequest(asked);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { field = "" } = error;
    throw new UsageError(`cannot take --${field} ${asked[field] ?? ""}: ${error.message}`, REMEDIES[field]);
  }
}

const REMEDIES: Record<string, string> = {
  purpose: "name one of the policy's",
  region: "give the code of a province, city or county with all its digits, such as 110105",
  audience: "ask without it",
  at: "write it with its time zone, such as 2026-10-01T08:00:00+08:00",
};
