import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Authority, Card } from "../authority/authority.js";
import type { IssuedCard } from "../authority/issuing.js";
import { toHex } from "../format/bytes.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { Tier } from "../abi/batch.js";
import { reasonOf, UsageError } from "./errors.js";
import { note } from "./output.js";
import { onReaderGone } from "./reader-gone.js";

/** What the commands of the authority have in common. */

export interface DataOptions {
  data: string;
}

export const GROUP = "The authority:";

/** `--data`, which every command of the authority takes. */
export function withData(command: Command): Command {
  const folder = process.env["HUFU_DATA"] ?? "hufu-data";
  return command
    .helpGroup(GROUP)
    .option("--data <folder>", "folder of the authority's keys and database (HUFU_DATA)", folder);
}

export function databaseOptions({ data }: DataOptions): { data: string; databaseUrl?: string; ownerUrl?: string } {
  const { HUFU_DATABASE_URL: databaseUrl, HUFU_DATABASE_OWNER_URL: ownerUrl } = process.env;
  return { data: resolve(data), ...(databaseUrl && { databaseUrl, ...(ownerUrl && { ownerUrl }) }) };
}

/**
 * Opens the authority for one piece of work and leaves nothing running behind, not even after Ctrl-C. `interrupted` says
 * what was done, where the work does not come to its end.
 */
export async function withAuthority<T>(
  options: DataOptions,
  work: (authority: Authority) => Promise<T>,
  interrupted?: () => void,
): Promise<T> {
  const { Authority } = await import("../authority/authority.js");
  return leavingCleanly(() => Authority.open(databaseOptions(options)), work, interrupted);
}

/** Exit statuses of a command that was told to stop. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function leavingCleanly<T>(
  open: () => Promise<Authority>,
  work: (authority: Authority) => Promise<T>,
  interrupted: () => void = () => undefined,
): Promise<T> {
  let opening: Promise<Authority> | undefined;
  const ending = { told: false };
  const end = (status: number) => {
    if (ending.told) return;
    ending.told = true;
    interrupted();
    const leave = async () => (await opening)?.close();
    void leave()
      .catch(() => undefined)
      .finally(() => process.exit(status));
  };
  const stop = (signal: (typeof SIGNALS)[number]) => {
    end(STATUS[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const readOn = onReaderGone(() => {
    end(0);
  });
  try {
    opening = open();
    const authority = await opening;
    if (authority.warning !== undefined) note(`hufu: ${authority.warning}.`);
    try {
      return await work(authority);
    } finally {
      // Only when this is over may a signal end the process by itself, or a reader who leaves now.
      await authority.close();
    }
  } catch (error) {
    if (ending.told) await new Promise(() => undefined); // the process ends when all is closed
    const { isLost } = await import("../authority/store/database.js");
    if (!isLost(error)) throw error;
    interrupted();
    throw new UsageError(
      `the database went away: ${reasonOf(error)}`,
      "run it again; `hufu cards` shows what was done before",
    );
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    readOn();
  }
}

/** Who does it, for the audit: the user of this machine, unless named. */
export function currentUser(): string {
  return userInfo().username;
}

export function trustFile(data: string): string {
  return join(data, TRUST_FILE);
}

export function statusFile(data: string): string {
  return join(data, STATUS_FILE);
}

export function deltaFile(data: string): string {
  return join(data, DELTA_FILE);
}

export function tierName(tier: Tier): "lite" | "full" {
  return tier === Tier.FULL ? "full" : "lite";
}

/** One card as people and machines are shown it. Times are RFC 3339. */
export interface CardSummary {
  credential: string;
  id: string;
  name: string;
  tier: "lite" | "full";
  state: string;
  reason: string;
  issued: string;
  expires: string;
  nationality: string;
  qr: string;
}

export function summaryOf(card: Card): CardSummary {
  return {
    credential: toHex(card.id),
    id: card.idNumber,
    name: card.details.name,
    tier: tierName(card.tier),
    state: card.state,
    reason: card.reason ?? "",
    issued: rfc3339(card.issued),
    expires: rfc3339(card.expires),
    nationality: card.details.nationality,
    qr: card.qr ?? "",
  };
}

export function summaryOfIssued(card: IssuedCard): CardSummary {
  return {
    credential: toHex(card.id),
    id: card.person.id,
    name: card.person.name,
    tier: tierName(card.tier),
    state: "good",
    reason: "",
    issued: rfc3339(card.issued),
    expires: rfc3339(card.expires),
    nationality: card.person.nationality,
    qr: card.qr,
  };
}

/** RFC 3339, without fractions where there are none. */
export function rfc3339(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}
