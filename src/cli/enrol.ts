import type { Command } from "commander";
import type { Authority } from "../authority/authority.js";
import { INELIGIBLE } from "./authority-sentences.js";
import { currentUser, summaryOfIssued, withAuthority, withData, type DataOptions } from "./authority.js";
import { cardWriter, withCardOutput, type CardOutputOptions } from "./card-output.js";
import { MAX_PEOPLE_FILE_LENGTH } from "../abi/limits.js";
import { EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import { nameOf, readInput } from "./input.js";
import { note } from "./output.js";

interface EnrolOptions extends DataOptions, CardOutputOptions {
  officer: string;
  days?: string;
  redactable?: true;
}

const EXAMPLE = `
People as JSON (an object, an array, or an object a line) or CSV with a header line:
  {"id": "11010519491231002X", "name": "张三", "address": "朝阳路 1 号"}
Fields: id, name, birthDate, gender, nationality, address, phone, email, region,
secondName, secondLanguage, photo, holderKey, proof. Only id and name are needed, and
the nationality of a foreigner. Spreadsheets may say 姓名, 身份证号, 出生日期, 性别, 住址 ... in
their header, and may be in UTF-8, UTF-16 or GB 18030 with commas, semicolons or tabs.
Who can be enrolled is; the others are told by their line.

Of one person the QR is shown on a terminal; of many, the QR texts come one a line.`;

const WHY = {
  "already-enrolled": "has a card in force",
  suspended: "has a suspended card, which is to be reinstated or revoked first",
  "changed-meanwhile": "had a card that was changed meanwhile, and can be enrolled again",
  ...INELIGIBLE,
} as const;

const NOT_PROVEN = "has a card for a key that is not proven to be the holder's: no proof was given";

export function register(program: Command): void {
  withCardOutput(withData(program.command("enrol")))
    .description("enrol people: a lite card each")
    .argument("[file]", "people in JSON or CSV; - is standard input", "-")
    .option("--days <number>", "days until the cards expire (default: a year)")
    .option("--redactable", "cards that the holder's phone presents, and whose claims it may keep to itself")
    .option("--officer <name>", "who does it, for the audit", currentUser())
    .addHelpText("after", EXAMPLE)
    .action(run);
}

async function run(file: string, options: EnrolOptions): Promise<void> {
  const days = Number(options.days ?? 1);
  if (!Number.isInteger(days) || days < 1) throw new UsageError("--days is no whole number", "give 1 or more");
  const { readPeople } = await import("./people.js");
  const wanted = { what: "people in JSON or CSV", most: MAX_PEOPLE_FILE_LENGTH };
  const { found, faults } = readPeople(await readInput(file, wanted), nameOf(file));
  const terms = {
    actor: options.officer,
    form: options.redactable ? ("presentable" as const) : ("static" as const),
    ...(options.days !== undefined && { validity: days * 86_400 }),
  };
  const people = found.map(({ person }) => person);
  const all = people.length + faults.length;
  let [enrolled, told] = [0, 0];
  const show = cardWriter(options, people.length === 1 ? "one" : "several");
  const enrolAll = async (authority: Authority) => {
    for await (const results of authority.enrolling(people, terms)) {
      const cards = results.flatMap((result) => ("card" in result ? [summaryOfIssued(result.card)] : []));
      enrolled += cards.length;
      await show(cards);
      for (const result of results) {
        const where = found[told++]?.where ?? "";
        const person = "card" in result ? result.card.person : result.person;
        const about = (what: string) => {
          note(`hufu: ${where}: ${person.name} (${person.id}) ${what}.`);
        };
        if ("refused" in result) about(WHY[result.refused]);
        else if (person.holderKey !== undefined && person.proof === undefined) about(NOT_PROVEN);
      }
    }
  };
  const count = (): string => `${enrolled} of ${all} people enrolled`;
  const interrupted = () => {
    if (all > 1) note(`hufu: ${count()}; of ${people.length - told} it is not known: run it again.`);
  };
  for (const sentence of faults) note(`hufu: ${sentence}.`);
  if (people.length > 0) await withAuthority(options, enrolAll, interrupted);
  if (all > 1) note(`${count()}.`);
  if (enrolled < all) process.exitCode = EXIT_SOME_REFUSED;
}
