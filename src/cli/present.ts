import { InvalidArgumentError, type Command } from "commander";
import type { WalletError } from "../wallet/errors.js";
import { UsageError } from "./errors.js";
import { readTextInput } from "./input.js";
import { print } from "./output.js";

interface PresentOptions {
  key: string;
  audience: string;
  claims: number[];
  nonce?: string;
}

/** Bytes: a QR text with what editors leave around it, a key with all its members. */
const MOST = 65_536;

export function register(program: Command): void {
  program
    .command("present")
    .description("make a presentation as the holder's phone does, for tests and integrators")
    .argument("<card>", "file with the QR text of a card that is to be presented; - is standard input")
    .requiredOption("--key <file>", "the holder's private key as a JWK, Ed25519 or P-256")
    .requiredOption("--audience <name>", "who is to be shown it: the relying party's name, or purpose:<purpose>")
    .option("--claims <keys>", "claims of 169 to disclose, by their keys: 1,4", claimKeys, [])
    .option("--nonce <text>", "the number that the gate shows")
    .action(run);
}

async function run(file: string, options: PresentOptions): Promise<void> {
  const { importKey } = await import("../wallet/key.js");
  const { checkBinding, present, readCard } = await import("../wallet/card.js");
  const { WalletError } = await import("../wallet/errors.js");
  const [text, jwk] = [
    await readTextInput(file, { what: "a card's QR text", most: MOST }),
    await readTextInput(options.key, { what: "a private JWK", most: MOST }),
  ];
  const { audience, claims, nonce } = options;
  try {
    const key = await importKey(parsed(jwk));
    const card = await readCard(text);
    checkBinding(card, key);
    print(await present(card, key, { audience, claims, ...(nonce !== undefined && { nonce }) }, Date.now()));
  } catch (error) {
    if (!(error instanceof WalletError)) throw error;
    throw new UsageError(...sentenceOf(error, file, options.key));
  }
}

function claimKeys(text: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(text)) throw new InvalidArgumentError("give keys of claim 169, such as 1,4");
  return text.split(",").map(Number);
}

/** Undefined, which no key is, where it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentenceOf({ code, claim }: WalletError, card: string, key: string): [message: string, remedy: string] {
  switch (code) {
    case "STATIC_CARD":
      return [`${card} is a card to be shown as it is`, "have one issued with `hufu enrol --redactable`"];
    case "OTHER_KEY":
      return [`${card} is bound to another key than that of ${key}`, "give the key that it was enrolled with"];
    case "NO_SUCH_CLAIM":
      return [`${card} has no claim ${claim ?? ""}`, "`hufu decode` shows what a presentation says"];
    case "UNSUPPORTED_KEY":
      return [`${key} is not a private key of Ed25519 or P-256`, "give a JWK with its member d"];
    default:
      return [`${card} is not the QR text of a card`, "give a file with one text, as `hufu enrol --text` prints it"];
  }
}
