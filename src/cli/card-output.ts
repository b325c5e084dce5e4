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

/** Returns what hands over cards, any number at a time: `one` is all that there will be, or it is one of several. */
export function cardWriter(
  options: CardOutputOptions,
  number: "one" | "several",
): (cards: readonly CardSummary[]) => Promise<void> {
  return async (cards) => {
    const { qrPng, qrSvg, qrTerminal } = await import("./qr-image.js");
    // First of all: whatever else fails, this is how whoever asked knows of them.
    const [only] = number === "one" ? cards : [];
    if (options.json) cards.forEach(printJson);
    else if (options.text || only === undefined || !process.stdout.isTTY) {
      for (const card of cards) print(card.qr);
    } else {
      print(qrTerminal(only.qr));
      print(`${paint.bold(only.name)}  ${only.id}`);
      print(`${only.tier} card ${only.credential}, expires ${only.expires.slice(0, 10)}`);
      note("The QR text alone: --text. As a picture: --svg FILE, --png FILE. To check it: hufu verify.");
    }
    if (options.svg !== undefined) await writeImages(cards, only, options.svg, "svg", qrSvg);
    if (options.png !== undefined) await writeImages(cards, only, options.png, "png", qrPng);
  };
}

async function writeImages(
  cards: readonly CardSummary[],
  only: CardSummary | undefined,
  path: string,
  extension: string,
  draw: (text: string) => string | Uint8Array,
): Promise<void> {
  try {
    if (only !== undefined) {
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
