import type { Command } from "commander";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import { damageTo, isUnread, type Moment } from "./explain/causes.js";
import { explainVerdict } from "./explain/layers.js";
import { type Line, readLines } from "./lines.js";
import { paint, print, printable, printJson } from "./output.js";
import { Progress } from "./progress.js";
import { onReaderGone } from "./reader-gone.js";
import { type RequestOptions, requestFrom, withRequestOptions } from "./request.js";
import { beginVerifier, type EngineOptions, withEngineOptions } from "./engine-options.js";

interface VerifyOptions extends RequestOptions, EngineOptions {
  claims?: true;
  json?: true;
}

export function register(program: Command): void {
  withEngineOptions(withRequestOptions(program.command("verify")))
    .description("verify QR texts, one a line: one verdict a line, in the same order")
    .argument("[file]", "file of QR texts, or - for standard input", "-")
    .option("--claims", "print the claims of accepted cards")
    .option("--json", "print a JSON document a line")
    .action(async (file: string, options: VerifyOptions) => {
      process.exitCode = await verify(file, options);
    });
}

async function verify(file: string, options: VerifyOptions): Promise<number> {
  const request: VerifyRequest = { ...requestFrom(options), ...(options.claims === true && { claims: true }) };
  const { created, end } = await beginVerifier(options);
  process.once("SIGINT", end.bind(undefined, 130)).once("SIGTERM", end.bind(undefined, 143));
  onReaderGone(end.bind(undefined, 0));
  const verifier = await created;
  try {
    const requirements = verifier.requirementsOf(request);
    requirements.detail ??= "names";
    const moment = { at: request.at ?? new Date(), byClock: request.at === undefined };
    const show = options.json === true ? printAsJson : printAsText;
    // Not among the verdicts, where both are on one terminal.
    const progress = new Progress(!process.stdout.isTTY);
    let verified = 0;
    let refused = 0;
    for await (const lines of readLines(file)) {
      const verdicts = await verifier.verifyAll(
        lines.map(({ bytes }) => bytes),
        requirements,
      );
      verdicts.forEach((verdict, index) => {
        if (verdict.outcome !== "accepted") refused++;
        const line = lines[index];
        if (line !== undefined) show(line, verdict, moment);
      });
      verified += lines.length;
      progress.show(`${verified} verified, ${refused} not accepted`);
    }
    progress.end();
    if (verified === 0) throw new UsageError(`there is not a single QR text in ${file}`, "give one QR text a line");
    return refused === 0 ? EXIT_ACCEPTED : EXIT_SOME_REFUSED;
  } finally {
    await verifier.close();
  }
}

function printAsJson({ number }: Line, verdict: Verdict): void {
  printJson({ line: number, ...verdict });
}

function printAsText({ number, bytes }: Line, verdict: Verdict, moment: Moment): void {
  const colour = { accepted: paint.green, refused: paint.red, undetermined: paint.yellow }[verdict.outcome];
  // On a terminal the sentence below says it.
  const damage = isUnread(verdict.code) && !process.stdout.isTTY ? damageTo(bytes)?.cause : undefined;
  const facts = [
    verdict.tier,
    verdict.status,
    verdict.alg,
    verdict.issuer,
    verdict.kid && `kid ${verdict.kid}`,
    damage,
  ];
  const known = printable(facts.filter((fact) => fact !== undefined && fact !== "").join("  "));
  print(`${number}\t${colour(verdict.outcome)}\t${verdict.code}${known && `\t${known}`}`);
  // For whoever stands before the card; what reads a pipe has the code.
  if (process.stdout.isTTY) {
    const fault = explainVerdict(bytes, verdict, moment).find(({ code }) => code !== undefined);
    if (fault !== undefined) print(`\t${printable(`${fault.cause ?? ""}; ${fault.remedy ?? ""}`)}.`);
  }
  for (const [key, value] of Object.entries(verdict.claims ?? {})) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    print(`\t${paint.dim(printable(key))}\t${printable(shown)}`);
  }
}
