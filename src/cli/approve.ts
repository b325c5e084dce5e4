import type { Command } from "commander";
import { summaryOfIssued, withAuthority, withData, type DataOptions } from "./authority.js";
import { cardWriter, withCardOutput, type CardOutputOptions } from "./card-output.js";

interface ApproveOptions extends DataOptions, CardOutputOptions {
  officer: string;
}

export function register(program: Command): void {
  withCardOutput(withData(program.command("approve")))
    .description("turn a lite card into a full one, after an officer has met its holder")
    .argument("<card>", "ID number, or credential id (32 hex digits)")
    .requiredOption("--officer <name>", "who met the holder, for the audit")
    .action(async (reference: string, options: ApproveOptions) => {
      const card = await withAuthority(options, (authority) =>
        authority.approve(reference, { actor: options.officer }),
      );
      await cardWriter(options, "one")([summaryOfIssued(card)]);
    });
}
