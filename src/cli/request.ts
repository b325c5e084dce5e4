import type { Command } from "commander";
import { parseTime } from "../format/time.js";
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
    .option("--audience <name>", "who checks, for presentations")
    .option("--at <time>", "the moment to judge by, as RFC 3339; now by default");
}

export function requestFrom({ purpose, region, audience, at }: RequestOptions): VerifyRequest {
  if (region !== undefined && !/^\d{6}$/.test(region)) {
    throw new UsageError(`--region ${region} is not a region code`, "give the 6 digits of GB/T 2260");
  }
  return {
    ...(purpose !== undefined && { purpose }),
    ...(region !== undefined && { region }),
    ...(audience !== undefined && { audience }),
    ...(at !== undefined && { at: timeFrom(at) }),
  };
}

function timeFrom(text: string): Date {
  const time = parseTime(text);
  if (time === undefined) {
    throw new UsageError(`--at ${text} is not a time`, "write it as RFC 3339, such as 2026-10-01T08:00:00+08:00");
  }
  return time;
}
