import { Command, CommanderError } from "commander";
import { register as approve } from "./approve.js";
import { register as audit } from "./audit.js";
import { told } from "./authority-sentences.js";
import { register as bench } from "./bench.js";
import { register as bulk } from "./bulk.js";
import { register as cards } from "./cards.js";
import { register as config } from "./config.js";
import { register as decode } from "./decode.js";
import { register as demo } from "./demo.js";
import { register as doctor } from "./doctor.js";
import { register as enrol } from "./enrol.js";
import { EXIT_USAGE } from "./errors.js";
import { register as explain } from "./explain.js";
import { register as init } from "./init.js";
import { paintError } from "./output.js";
import { register as policy } from "./policy.js";
import { register as present } from "./present.js";
import { register as publish } from "./publish.js";
import { readerIsGone } from "./reader-gone.js";
import { register as reinstate } from "./reinstate.js";
import { register as revoke } from "./revoke.js";
import { register as serve } from "./serve.js";
import { register as suspend } from "./suspend.js";
import { register as verify } from "./verify.js";
import { version } from "./version.js";

/**
 * One file a command: it exports `register`, which describes the command and imports what the command needs only when
 * it runs, so that `hufu verify` never loads PostgreSQL.
 */
type Register = (program: Command) => void;
const commands: Register[] = [
  verify,
  bulk,
  decode,
  explain,
  policy,
  present,
  serve,
  demo,
  config,
  doctor,
  init,
  enrol,
  approve,
  revoke,
  suspend,
  reinstate,
  cards,
  audit,
  publish,
  bench,
];

export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("hufu")
    .description("Issue and verify national digital identity cards.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand("help [command]", "explain a command")
    .configureOutput({
      outputError: (message, write) => {
        const sentence = message
          .replace(/^error: /, "")
          .trim()
          .replaceAll(/\.?\n/g, " ")
          .replace("invalid. ", "invalid: ")
          .replace(/\.$/, "");
        write(`${paintError.red("hufu:")} ${sentence}; see \`hufu --help\`.\n`);
      },
    })
    .exitOverride();
  for (const register of commands) register(program);
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already said what was wrong; its exit code is 0 for --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    report(error);
    return EXIT_USAGE;
  }
}

function report(thrown: unknown): void {
  const error = told(thrown);
  const message = error instanceof Error ? error.message : String(error);
  const remedy =
    error instanceof Error && "remedy" in error && typeof error.remedy === "string" ? `; ${error.remedy}` : "";
  process.stderr.write(`${paintError.red("hufu:")} ${message}${remedy}.\n`);
  if (process.env["HUFU_DEBUG"] && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ""}\n`);
}

// A command that has something to close first, such as a database, listens and ends the process itself.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!readerIsGone()) process.exit(0);
  });
}

process.exitCode = await main(process.argv);
