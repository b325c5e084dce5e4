import type { Command } from "commander";
import { readClaims } from "../format/claims.js";
import { SENTENCES_EN } from "../format/sentences.en.js";
import type { CodeName } from "../format/verdict.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import { damageTo, isUnread } from "./explain/causes.js";
import { readLines } from "./lines.js";
import { paint, print, printable, printJson } from "./output.js";
import { claimName } from "./claim-names.js";

export function register(program: Command): void {
  program
    .command("decode")
    .description("show what QR texts say, without verifying anything")
    .argument("[file]", "file of QR texts, or - for standard input", "-")
    .option("--json", "print a JSON document a line")
    .action(async (file: string, options: { json?: true }) => {
      process.exitCode = await decode(file, options.json === true ? printAsJson : printAsText);
    });
}

/** One decoded text. `code` is UNVERIFIED, or why it could not be read. */
interface Decoded {
  line: number;
  code: CodeName;
  /** Of a text that could not be read, what has happened to it. */
  cause?: string;
  alg?: string;
  kid?: string;
  issuer?: string;
  tier?: string;
  expires?: number;
  claims?: ReturnType<typeof readClaims>;
}

async function decode(file: string, show: (decoded: Decoded) => void): Promise<number> {
  const { Engine } = await import("../engine/engine.js");
  const engine = await Engine.create({ trust: [] });
  let read = 0;
  let unreadable = 0;
  for await (const lines of readLines(file)) {
    for (const { number, bytes } of lines) {
      const { verdict, issuer, identity } = engine.inspect(bytes);
      const { code, alg, kid, tier, expires } = verdict;
      read++;
      if (code !== "UNVERIFIED") unreadable++;
      const damage = isUnread(code) ? damageTo(bytes) : undefined;
      show({
        line: number,
        code,
        ...(damage !== undefined && { cause: damage.cause }),
        ...(alg !== undefined && { alg }),
        ...(kid !== undefined && { kid }),
        ...(issuer.length > 0 && { issuer: new TextDecoder().decode(issuer) }),
        ...(tier !== undefined && { tier }),
        ...(expires !== undefined && { expires }),
        ...(identity.length > 0 && { claims: readClaims(identity) }),
      });
    }
  }
  if (read === 0) throw new UsageError(`there is not a single QR text in ${file}`, "give one QR text a line");
  return unreadable === 0 ? EXIT_ACCEPTED : EXIT_SOME_REFUSED;
}

function printAsJson(decoded: Decoded): void {
  printJson({ ...decoded, verified: false });
}

function printAsText(decoded: Decoded): void {
  const { line, code, expires, claims } = decoded;
  if (code !== "UNVERIFIED") {
    print(`${line}\t${paint.red("unreadable")}\t${code}\t${decoded.cause ?? SENTENCES_EN[code].sentence}`);
    return;
  }
  print(`${line}\t${paint.yellow("UNVERIFIED")}\tanyone could have written this`);
  const facts = {
    issuer: decoded.issuer,
    algorithm: decoded.alg,
    "key id": decoded.kid,
    tier: decoded.tier,
    expires: expires === undefined ? undefined : new Date(expires * 1000).toISOString(),
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) print(`\t${paint.dim(name.padEnd(20))} ${printable(value)}`);
  }
  for (const [key, value] of Object.entries(claims ?? {})) {
    const shown = printable(typeof value === "string" ? value : JSON.stringify(value));
    print(
      `\t${paint.dim(printable(claimName(key)).padEnd(20))} ${shown.length > 200 ? `${shown.slice(0, 200)}...` : shown}`,
    );
  }
}
