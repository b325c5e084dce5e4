import { type Command } from "commander";
import { momentOf } from "../format/requirements.js";
import { type PolicyRule, type PolicyTable, ruleFor } from "../policy/policy.js";
import { paint, print, printJson, printable } from "./output.js";
import { requestFrom } from "./request.js";
import { readPolicyFile } from "./sources.js";

export function register(program: Command): void {
  const policy = program.command("policy").description("check an acceptance policy, and ask what it demands");
  policy
    .command("check")
    .description("say whether a policy can be used, and which of its rules never decide")
    .argument("<file>", "acceptance policy, JSON")
    .option("--json", "print one JSON document")
    .action(check);
  policy
    .command("test")
    .description("say what a policy demands of a card for one purpose; ends with 1 where it accepts none")
    .argument("<file>", "acceptance policy, JSON")
    .requiredOption("--purpose <purpose>", "what the card is asked for, such as rail-boarding")
    .option("--region <code>", "where, as a GB/T 2260 code")
    .option("--at <time>", "when, RFC 3339; now by default")
    .option("--json", "print one JSON document")
    .action(test);
}

async function check(file: string, { json }: { json?: true }): Promise<void> {
  const policy = await readPolicyFile(file);
  const purposes = new Set(policy.rules.map(({ purpose }) => purpose)).size;
  const idle = neverDecide(policy);
  if (idle.length > 0) process.exitCode = 1;
  if (json === true) {
    printJson({ name: policy.name ?? null, rules: policy.rules.length, purposes, neverDecide: idle });
    return;
  }
  const name = policy.name === undefined ? "" : `${printable(policy.name)}: `;
  print(`${name}${policy.rules.length} rules for ${purposes} purposes`);
  for (const { rule, because } of idle)
    print(paint.yellow(`rule ${rule} never decides: rule ${because} comes before it`));
}

/**
 * Rules that another one hides, counted from 1: of equally close ones the first in the file decides, on all days of the
 * second and in all regions of it.
 */
function neverDecide({ rules }: PolicyTable): { rule: number; because: number }[] {
  return rules.flatMap((one, i) => {
    const before = rules.slice(0, i).findIndex((other) => hides(other, one));
    return before < 0 ? [] : [{ rule: i + 1, because: before + 1 }];
  });
}

/** Days compare as they are written. */
function hides(first: PolicyRule, second: PolicyRule): boolean {
  const lasts = (first.from ?? "") <= (second.from ?? "") && (first.until ?? "9999") >= (second.until ?? "9999");
  const { regions } = first;
  const covers =
    regions === undefined ? second.regions === undefined : second.regions?.every((region) => regions.includes(region));
  return first.purpose === second.purpose && lasts && covers === true;
}

interface TestOptions {
  purpose: string;
  region?: string;
  at?: string;
  json?: true;
}

const NOT_YET = {
  purpose: "no rule for this purpose is in force on that day",
  region: "no rule that is in force on that day is for this region",
};

async function test(file: string, { json, ...asked }: TestOptions): Promise<void> {
  const { at = new Date(), purpose = "", region } = requestFrom(asked);
  const policy = await readPolicyFile(file);
  const found = ruleFor(policy, { purpose, region, date: momentOf(at).date });
  const isAccepted = typeof found === "object";
  if (!isAccepted) process.exitCode = 1;
  if (json === true) {
    printJson(isAccepted ? { accepted: true, rule: policy.rules.indexOf(found) + 1, ...demandsOf(found) } : { accepted: false, because: found }); // prettier-ignore
    return;
  }
  if (!isAccepted) {
    print(`${paint.red("not accepted")}: ${NOT_YET[found]}`);
    return;
  }
  const { minTier, minAge, claims, presentation } = demandsOf(found);
  const demands = [
    `a ${minTier} card${minTier === "lite" ? " or better" : ""}`,
    ...(minAge === null ? [] : [`of somebody of ${minAge} or older`]),
    presentation ? "shown by the holder's phone" : "as a code or shown by the holder's phone",
    claims.length === 0 ? "no claim is disclosed" : `claims ${claims.join(", ")} may be disclosed`,
  ];
  print(`${paint.green("accepted")} by rule ${policy.rules.indexOf(found) + 1}: ${demands.join("; ")}`);
}

interface Demands {
  minTier: "lite" | "full";
  minAge: number | null;
  claims: readonly number[];
  presentation: boolean;
}

function demandsOf({ minTier = "lite", minAge, claims = [], presentation = false }: PolicyRule): Demands {
  return { minTier, minAge: minAge ?? null, claims, presentation };
}
