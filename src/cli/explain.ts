import type { Command } from "commander";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import type { Layer } from "./explain/layers.js";
import { readInput } from "./input.js";
import { paint, print, printable, printJson } from "./output.js";
import { readPolicyFile, readSources, readTrustFiles, unusableSources } from "./sources.js";
import { statusFilesOf, type StatusOptions, withStatusOptions } from "./status-options.js";
import { type RequestOptions, requestFrom, withRequestOptions } from "./request.js";

interface ExplainOptions extends RequestOptions, StatusOptions {
  trust?: string[];
  policy?: string;
  json?: true;
}

export function register(program: Command): void {
  withStatusOptions(withRequestOptions(program.command("explain")))
    .description("show a QR text layer by layer: what is there, where it fails, by which rule, and what to do")
    .argument("<qr>", "the QR text, or - for standard input")
    .option("--trust <file...>", "trust sources; without them the card is read and not judged")
    .option("--policy <file>", "acceptance policy, JSON")
    .option("--json", "print one JSON document")
    .action(async (qr: string, options: ExplainOptions) => {
      process.exitCode = await explain(qr, options);
    });
}

async function explain(qr: string, options: ExplainOptions): Promise<number> {
  const given = qr === "-" ? await readInput("-", { what: "a QR text", most: 16 * MAX_SCANNED_LENGTH }) : qr;
  if (given.length === 0) throw new UsageError("there is not a single QR text", "give one, or - for standard input");
  const request = requestFrom(options);
  const statusFiles = statusFilesOf(options);
  const [{ Engine }, { requirementsFor }, { explainVerdict }, { readTrust }] = await Promise.all([
    import("../engine/engine.js"),
    import("../policy/policy.js"),
    import("./explain/layers.js"),
    import("../format/trust/trust.js"),
  ]);
  const trust = await readTrustFiles(options.trust);
  const status = statusFiles === "none" ? statusFiles : await readSources("--status", statusFiles);
  const policy = options.policy === undefined ? undefined : await readPolicyFile(options.policy);
  const engine = await Engine.create({ trust, status }).catch((error: unknown) => {
    throw unusableSources(error, { trust: options.trust ?? [], status: options.status ?? [] });
  });
  const requirements = { ...requirementsFor(policy, request, new Date()), detail: "names" as const };
  const judged = trust.length === 0 ? engine.inspect(given).verdict : engine.verifyAll([given], requirements)[0];
  if (judged === undefined) throw new Error("the engine gave no verdict");
  const layers = explainVerdict(given, judged, {
    at: request.at ?? new Date(),
    byClock: request.at === undefined,
    statuses: engine.statuses,
    keys: trust.flatMap((file) => readTrust(file, () => true).keys),
  });
  if (options.json === true) printJson({ outcome: judged.outcome, code: judged.code, layers });
  else layers.forEach(show);
  return judged.code === "VALID" || judged.code === "UNVERIFIED" ? EXIT_ACCEPTED : EXIT_SOME_REFUSED;
}

const COLOURS: Record<Layer["result"], (text: string) => string> = {
  good: paint.green,
  refused: paint.red,
  undetermined: paint.yellow,
  unchecked: paint.yellow,
  "not-reached": paint.dim,
};

function show({ layer, result, found, code, byte, cause, rule, remedy }: Layer): void {
  print(`${layer.padEnd(10)} ${COLOURS[result](result.padEnd(12))} ${printable(found ?? "")}`.trimEnd());
  if (code === undefined) return;
  const where = byte === undefined ? "" : ` at ${layer === "base45" ? "character" : "byte"} ${byte}`;
  print(`           ${paint.bold(code)}${where}: ${printable(cause ?? "")}`);
  if (rule !== undefined && cause?.includes(rule) !== true) print(`           ${paint.dim("rule")} ${printable(rule)}`);
  if (remedy !== undefined) print(`           ${paint.bold("->")} ${remedy}`);
}
