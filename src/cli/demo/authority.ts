import { writeFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { publishTo } from "../../authority/publisher.js";
import type { Authority } from "../../authority/authority.js";
import type { IssuedCard } from "../../authority/issuing.js";
import { told } from "../authority-sentences.js";
import { reasonOf, UsageError } from "../errors.js";
import { foundCountry } from "./country.js";

/**
 * The authority of the demonstration, in a process of its own as in life: what it signs and publishes keeps no gate
 * waiting. Arguments: the folder in which it works and publishes, and the file that the QR texts of its cards go into, a line
 * each, as gates meet them.
 */
export type AuthorityMessage =
  /** `qr`: of a card that stays good. */
  { published: { qr: string } } | { failed: { message: string; remedy?: string } } | { note: string };

/** A citizen reports a lost phone this often. */
const LOSS_EVERY_MS = 5_000;
/** Cards that stay good: their QR texts were printed for people to try. */
const KEPT_GOOD = 10;

function tell(message: AuthorityMessage): void {
  if (process.connected) process.send?.(message);
}

async function open(folder: string, cardFile: string): Promise<{ authority: Authority; good: IssuedCard[] }> {
  const { authority, cards, good } = await foundCountry(join(folder, "authority"));
  await publishTo(authority, folder, { what: "all" });
  await writeFile(cardFile, `${cards.join("\n")}\n`);
  return { authority, good };
}

async function run(folder: string, cardFile: string): Promise<void> {
  const stopped = new Promise<void>((resolve) => process.once("disconnect", resolve));
  const { authority, good } = await open(folder, cardFile);
  // From now on the gates' cores are theirs first: an authority has a machine of its own.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  tell({ published: { qr: good[good.length - 1]?.qr ?? "" } });
  let next = 0;
  let working = Promise.resolve();
  const lose = async (): Promise<void> => {
    const card = good[next++];
    if (card === undefined || next > good.length - KEPT_GOOD) return;
    await authority.revoke(card.person.id, { actor: "demo", reason: "phone reported lost" });
    await publishTo(authority, folder, { what: "delta" });
  };
  const timer = setInterval(() => {
    working = working.then(lose).catch((error: unknown) => {
      tell({ note: `the authority could not publish: ${reasonOf(told(error))}` });
    });
  }, LOSS_EVERY_MS);
  await stopped;
  clearInterval(timer);
  await working;
  await authority.close();
}

// The terminal sends Ctrl-C to every process of the group; the demonstration itself says when to stop.
process.on("SIGINT", () => undefined);
const [, , folder = "", cardFile = ""] = process.argv;
run(folder, cardFile).catch((error: unknown) => {
  const cause = told(error);
  const remedy = cause instanceof UsageError ? cause.remedy : undefined;
  tell({ failed: { message: reasonOf(cause), ...(remedy !== undefined && { remedy }) } });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
