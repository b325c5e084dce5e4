import type { Command } from "commander";
import type { Authority, Card } from "../authority/authority.js";
import { currentUser, summaryOf, withAuthority, withData, type DataOptions } from "./authority.js";
import { note, print, printJson } from "./output.js";

/** What revoke, suspend and reinstate have in common: a card, a reason, another state. */

interface ChangeOptions extends DataOptions {
  reason: string;
  officer: string;
  json?: true;
}

type Change = (authority: Authority, card: string, by: { actor: string; reason: string }) => Promise<Card>;

export function registerChange(program: Command, name: string, description: string, change: Change): void {
  withData(program.command(name))
    .description(description)
    .argument("<card>", "ID number, or credential id (32 hex digits)")
    .requiredOption("--reason <text>", "why, for the audit")
    .option("--officer <name>", "who does it, for the audit", currentUser())
    .option("--json", "one JSON object")
    .action(async (reference: string, options: ChangeOptions) => {
      const card = await withAuthority(options, (authority) =>
        change(authority, reference, { actor: options.officer, reason: options.reason }),
      );
      const summary = summaryOf(card);
      if (options.json) printJson(summary);
      else print(`${summary.name} (${summary.id}): the ${summary.tier} card ${summary.credential} is ${summary.state}`);
      note("Verifiers learn of it with what is published next: hufu publish --delta.");
    });
}
