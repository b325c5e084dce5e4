import { Option, type Command } from "commander";
import { Tier } from "../abi/batch.js";
import type { CardFilter, CredentialState } from "../authority/store/credentials.js";
import { summaryOf, withAuthority, withData, type CardSummary, type DataOptions } from "./authority.js";
import { csvLine } from "./csv.js";
import { UsageError } from "./errors.js";
import { note, paint, print, printJson } from "./output.js";

const STATES = ["good", "suspended", "revoked", "pending", "void"] as const satisfies CredentialState[];

interface CardsOptions extends DataOptions {
  id?: string;
  state?: CredentialState;
  tier?: "lite" | "full";
  csv?: true;
  bom?: true;
  json?: true;
  qr?: true;
}

export function register(program: Command): void {
  withData(program.command("cards"))
    .description("list the cards, and people out as CSV or JSON")
    .option("--id <number>", "only this person's")
    .addOption(new Option("--state <state>", "only those in this state").choices(STATES))
    .addOption(new Option("--tier <tier>", "only these").choices(["lite", "full"]))
    .option("--csv", "CSV with a header line, which `hufu enrol` reads; no cell is a formula to a spreadsheet")
    .option("--bom", "with --csv: begin with a byte order mark, by which Excel knows UTF-8")
    .option("--json", "a JSON object a line")
    .option("--qr", "with their QR texts; alone, nothing but those")
    .action(run);
}

async function run(options: CardsOptions): Promise<void> {
  if (options.bom && !options.csv) throw new UsageError("--bom is for CSV", "give --csv too");
  const filter: CardFilter = {};
  if (options.id !== undefined) filter.idNumber = options.id.toUpperCase();
  if (options.state !== undefined) filter.state = options.state;
  if (options.tier !== undefined) filter.tier = options.tier === "full" ? Tier.FULL : Tier.LITE;
  const show = writer(options);
  let count = 0;
  await withAuthority(options, async (authority) => {
    for await (const card of authority.cards(filter)) {
      const { qr, ...summary } = summaryOf(card);
      show(options.qr ? { ...summary, qr } : summary);
      count++;
    }
  });
  if (!options.csv && !options.json && !options.qr) note(`${count} ${count === 1 ? "card" : "cards"}`);
}

type Row = Omit<CardSummary, "qr"> & { qr?: string };

function writer(options: CardsOptions): (row: Row) => void {
  if (options.json) return printJson;
  if (options.csv) {
    let first = true;
    return (row) => {
      if (first) print((options.bom ? "\ufeff" : "") + csvLine(Object.keys(row)));
      first = false;
      print(csvLine(Object.values(row)));
    };
  }
  if (options.qr) {
    return ({ qr }) => {
      if (qr) print(qr);
    };
  }
  const colour = { good: paint.green, suspended: paint.yellow, revoked: paint.red } as Record<string, typeof paint.dim>;
  return ({ credential, id, tier, state, expires, name, reason }) => {
    const shown = (colour[state] ?? paint.dim)(state.padEnd(9));
    print(
      `${credential}  ${id}  ${tier}  ${shown}  ${expires.slice(0, 10)}  ${name}${reason && paint.dim(`  ${reason}`)}`,
    );
  };
}
