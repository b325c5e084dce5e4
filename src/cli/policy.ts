import type { Command } from "commander";
import type { PolicyRule } from "../policy/policy.js";
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
  const { hiddenRules } = await import("../policy/hidden-rules.js");
  const purposes = new Set(policy.rules.map(({ purpose }) => purpose)).size;
  const idle = hiddenRules(policy);
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
  const [{ ruleFor }, { momentOf }] = await Promise.all([
    import("../policy/policy.js"),
    import("../format/requirements.js"),
  ]);
  const found = ruleFor(policy, { purpose, region, date: momentOf(at).date });
  if (typeof found === "string") {
    process.exitCode = 1;
    if (json === true) printJson({ accepted: false, because: found });
    else print(`${paint.red("not accepted")}: ${NOT_YET[found]}`);
    return;
  }
  const demands = demandsOf(found);
  const rule = policy.rules.indexOf(found) + 1;
  if (json === true) printJson({ accepted: true, rule, ...demands });
  else print(`${paint.green("accepted")} by rule ${rule}: ${inWords(demands)}`);
}

function inWords({ minTier, minAge, claims, presentation }: Demands): string {
  return [
    `a ${minTier} card${minTier === "lite" ? " or better" : ""}`,
    ...(minAge === null ? [] : [`of somebody of ${minAge} or older`]),
    presentation ? "shown by the holder's phone" : "as a code or shown by the holder's phone",
    claims.length === 0 ? "no claim is disclosed" : `claims ${claims.join(", ")} may be disclosed`,
  ].join("; ");
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
