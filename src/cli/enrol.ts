import type { Command } from "commander";
import { currentUser, summaryOfIssued, withAuthority, withData, type DataOptions } from "./authority.js";
import { showCards, withCardOutput, type CardOutputOptions } from "./card-output.js";
import { MAX_PEOPLE_FILE_LENGTH } from "../format/limits.js";
import { EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import { readInput } from "./input.js";
import { note } from "./output.js";

interface EnrolOptions extends DataOptions, CardOutputOptions {
  officer: string;
  days?: string;
}

const EXAMPLE = `
People as JSON (an object, an array, or an object a line) or CSV with a header line:
  {"id": "11010519491231002X", "name": "张三", "address": "朝阳路 1 号"}
Fields: id, name, birthDate, gender, nationality, address, phone, email, region,
secondName, secondLanguage, photo, photoFormat, holderKey. Only id and name are needed.

Of one person the QR is shown on a terminal; of many, the QR texts come one a line.`;

const WHY = { "already-enrolled": "has a card in force", "under-age": "is under 16" } as const;

export function register(program: Command): void {
  withCardOutput(withData(program.command("enrol")))
    .description("enrol people: a lite card each")
    .argument("[file]", "people in JSON or CSV; - is standard input", "-")
    .option("--days <number>", "days until the cards expire (default: a year)")
    .option("--officer <name>", "who does it, for the audit", currentUser())
    .addHelpText("after", EXAMPLE)
    .action(run);
}

async function run(file: string, options: EnrolOptions): Promise<void> {
  const days = Number(options.days ?? 1);
  if (!Number.isInteger(days) || days < 1) throw new UsageError("--days is no whole number", "give 1 or more");
  const { readPeople } = await import("./people.js");
  const people = readPeople(
    await readInput(file, { what: "people in JSON or CSV", most: MAX_PEOPLE_FILE_LENGTH }),
    file === "-" ? "the input" : file,
  );
  const validity = options.days === undefined ? {} : { validity: days * 86_400 };
  const results = await withAuthority(options, (authority) =>
    authority.enrolMany(people, { actor: options.officer, ...validity }),
  );
  await showCards(
    results.flatMap((result) => ("card" in result ? [summaryOfIssued(result.card)] : [])),
    options,
  );
  const refused = results.flatMap((result) => ("refused" in result ? [result] : []));
  for (const { person, refused: why } of refused) note(`hufu: ${person.name} (${person.id}) ${WHY[why]}.`);
  if (results.length > 1) note(`${results.length - refused.length} of ${results.length} people enrolled.`);
  if (refused.length > 0) process.exitCode = EXIT_SOME_REFUSED;
}
