import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { Algorithm } from "../abi/batch.js";
import { databaseOptions, leavingCleanly, trustFile, withData, type DataOptions } from "./authority.js";
import { UsageError } from "./errors.js";
import { note, paint, print, printJson } from "./output.js";

const ALGORITHMS = { ed25519: Algorithm.ED25519, p256: Algorithm.P256, sm2: Algorithm.SM2 } as const;

interface InitOptions extends DataOptions {
  alg: keyof typeof ALGORITHMS;
  name: string;
  region?: string;
  statusLists?: string;
  json?: true;
}

export function register(program: Command): void {
  withData(program.command("init"))
    .description("make an authority: its keys, its database and its first trust list")
    .option("--name <name>", "name of the authority, as credentials carry it", "Pilot District Public Security Bureau")
    .option("--region <code>", "its region, GB/T 2260, 6 digits")
    .option("--status-lists <url>", "let cards also name a Token Status List (IETF) in the folder published there")
    .addOption(new Option("--alg <name>", "signature algorithm").choices(Object.keys(ALGORITHMS)).default("ed25519"))
    .option("--json", "one JSON object")
    .action(run);
}

async function run(options: InitOptions): Promise<void> {
  if (options.region !== undefined && !/^\d{6}$/.test(options.region)) {
    throw new UsageError(`--region ${options.region} is no GB/T 2260 code`, "give 6 digits, such as 110105");
  }
  // Every card carries it.
  const { unheldCharacter } = await import("../authority/characters.js");
  const fault = options.name.trim() === "" ? "is empty" : unheldCharacter(options.name);
  if (fault !== undefined) throw new UsageError(`--name ${fault}`, "give the authority's name as its seal has it");
  const { Authority } = await import("../authority/authority.js");
  const { publishTo } = await import("../authority/publisher.js");
  const make = () =>
    Authority.init({
      ...databaseOptions(options),
      ...(options.region !== undefined && { region: options.region }),
      ...(options.statusLists !== undefined && { statusLists: options.statusLists }),
      name: options.name,
      algorithm: ALGORITHMS[options.alg],
    });
  await leavingCleanly(make, async (authority) => {
    await publishTo(authority, options.data, { what: "trust-list" });
    const trust = trustFile(options.data);
    if (options.json) {
      printJson({
        name: options.name,
        alg: options.alg,
        data: resolve(options.data),
        trust,
        root: authority.rootFingerprint,
      });
      return;
    }
    print(`${paint.bold(options.name)} is ready in ${options.data}`);
    print(`  trust list   ${trust}`);
    print(`  root key     ${authority.rootFingerprint} (SHA-256; relying parties may pin it)`);
    note(
      `Next: hufu enrol people.csv, then hufu publish. Keep ${options.data}/keys safe: whoever has it issues cards.`,
    );
  });
}
