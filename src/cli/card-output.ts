import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { CardSummary } from "./authority.js";
import { reasonOf, UsageError } from "./errors.js";
import { note, paint, print, printJson } from "./output.js";

/** How cards just issued are handed over: on the terminal, as text, as pictures, as JSON. */

export interface CardOutputOptions {
  svg?: string;
  png?: string;
  text?: true;
  json?: true;
}

export function withCardOutput(command: Command): Command {
  return command
    .option("--svg <path>", "write the QR as SVG; for several cards, a folder")
    .option("--png <path>", "write the QR as PNG; for several cards, a folder")
    .option("--text", "only the QR text, on standard output")
    .option("--json", "a JSON object a line");
}

export async function showCards(cards: readonly CardSummary[], options: CardOutputOptions): Promise<void> {
  const { qrPng, qrSvg, qrTerminal } = await import("./qr-image.js");
  if (options.svg !== undefined) await writeImages(cards, options.svg, "svg", qrSvg);
  if (options.png !== undefined) await writeImages(cards, options.png, "png", qrPng);
  const [only] = cards;
  if (options.json) cards.forEach(printJson);
  else if (options.text || cards.length !== 1 || only === undefined || !process.stdout.isTTY) {
    for (const card of cards) print(card.qr);
  } else {
    print(qrTerminal(only.qr));
    print(`${paint.bold(only.name)}  ${only.id}`);
    print(`${only.tier} card ${only.credential}, expires ${only.expires.slice(0, 10)}`);
    note("The QR text alone: --text. As a picture: --svg FILE, --png FILE. To check it: hufu verify.");
  }
}

async function writeImages(
  cards: readonly CardSummary[],
  path: string,
  extension: string,
  draw: (text: string) => string | Uint8Array,
): Promise<void> {
  try {
    const [only] = cards;
    if (cards.length === 1 && only !== undefined) {
      await writeFile(path, draw(only.qr));
      return;
    }
    await mkdir(path, { recursive: true });
    for (const card of cards) await writeFile(join(path, `${card.credential}.${extension}`), draw(card.qr));
  } catch (error) {
    throw new UsageError(
      `the cards were issued, but not drawn: ${reasonOf(error)}`,
      "`hufu cards --qr` has their QR texts",
    );
  }
}
