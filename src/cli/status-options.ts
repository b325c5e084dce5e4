import type { Command } from "commander";
import { UsageError } from "./errors.js";

/** How a command that verifies is told what tells the status of cards, or to go without (contract §5). */

export interface StatusOptions {
  status?: string[];
  withoutStatus?: true;
}

/** Where neither option stands the engine says what it cannot tell. */
export function withStatusOptions(command: Command): Command {
  return command
    .option("--status <file...>", "status snapshots, deltas and Token Status Lists")
    .option("--without-status", "accept cards though nothing given tells their status (revoked ones too)");
}

/** The status files that were named, or "none" where the command was told to go without. */
export function statusFilesOf({ status = [], withoutStatus }: StatusOptions): readonly string[] | "none" {
  if (withoutStatus !== true) return status;
  if (status.length === 0) return "none";
  throw new UsageError("--status and --without-status contradict each other", "leave one of them out");
}
