import { setTimeout as after } from "node:timers/promises";
import type { Health } from "../../engine/health.js";
import type { Verifier } from "../../engine/verifier.js";
import { CLOCK_SKEW_SECONDS } from "../../abi/limits.js";
import type { FeedState } from "../../feed/feed.js";
import { ABSENT } from "../../feed/source.js";
import type { Reason } from "../../server/readiness.js";
import { reasonOf, UsageError } from "../errors.js";
import { locateSources, readTrustFiles, unusableSources } from "../sources.js";
import type { Finding } from "./finding.js";

export interface InForceOptions {
  trust?: string[];
  status?: string[];
  feed?: string;
}

/** How long a feed is waited for. */
const FEED_MS = 15_000;

/** What the service would have in force with these files and this feed, and whether the clock agrees with it. */
export async function inForce(options: InForceOptions): Promise<Finding[]> {
  const { trust = [], status = [], feed: place } = options;
  try {
    const [{ Verifier }, { Feed, openFeed }, { Readiness }] = await Promise.all([
      import("../../engine/verifier.js"),
      import("../../feed/feed.js"),
      import("../../server/readiness.js"),
    ]);
    const source = place === undefined ? undefined : openFeed(place);
    const { verifier, refused } = await Verifier.start({
      trust: await readTrustFiles(trust),
      status: await locateSources("--status", status),
      workers: 1,
      ...(place !== undefined && { awaits: place }),
    });
    const feed = source && new Feed(source, verifier, () => undefined);
    try {
      await Promise.race([feed?.poll(), after(FEED_MS, undefined, { ref: false })]);
      const reasons = new Readiness(verifier, feed?.state).reasons();
      return [
        ...refused.map(({ error, source: kind, file }) => refusedFinding(error, { trust, status }[kind][file] ?? "")),
        ...findingsOf(verifier, reasons, feed?.state),
      ];
    } finally {
      await feed?.stop();
      await verifier.close();
    }
  } catch (error) {
    const told = unusableSources(error, { trust, status });
    const remedy = told instanceof UsageError ? told.remedy : undefined;
    return [
      clockFinding(0),
      { about: "trust, status", good: false, found: reasonOf(told), remedy: remedy ?? "fetch them again from the authority" },
    ]; // prettier-ignore
  }
}

function refusedFinding(error: Error, file: string): Finding {
  const told = unusableSources(error, { trust: [file], status: [file] });
  const remedy = told instanceof UsageError ? told.remedy : undefined;
  return { about: "file", good: false, found: reasonOf(told), remedy: remedy ?? "fetch it again from the authority" };
}

function findingsOf(verifier: Verifier, reasons: readonly Reason[], feed: FeedState | undefined): Finding[] {
  const health = verifier.health();
  return [
    clockFinding(health.clockFloor),
    ...health.trust.map(trustFinding),
    ...health.statuses.map(statusFinding),
    ...(feed ? [feedFinding(feed)] : []),
    ...reasons.filter(({ code }) => TOLD_ALONE[code] !== true).map(reasonFinding),
  ];
}

/** What the findings about clock, trust lists, status and feed tell already. */
const TOLD_ALONE: Partial<Record<Reason["code"], true>> = {
  CLOCK_WRONG: true,
  TRUST_EXPIRED: true,
  STATUS_STALE: true,
  FEED_AWAITED: true,
  FEED_UNREACHABLE: true,
  FEED_FILE: true,
};

function reasonFinding({ issuer, sentence, remedy, code }: Reason): Finding {
  return { about: "ready", good: false, found: `${code}: ${issuer === undefined ? "" : `${issuer}, `}${sentence}`, remedy }; // prettier-ignore
}

/** Held against the largest time that was signed; without one only a clock that was never set can be told. */
export function clockFinding(floor: number): Finding {
  const now = Math.floor(Date.now() / 1000);
  const about = "clock";
  const found = rfc3339(now);
  if (now < floor - CLOCK_SKEW_SECONDS) {
    return { about, good: false, found: `${found}, ${lasting(floor - now)} before a time that was signed (${rfc3339(floor)})`, remedy: "set the clock (NTP)" }; // prettier-ignore
  }
  if (floor > 0) return { about, good: true, found: `${found}, after every time that was signed` };
  const good = new Date().getUTCFullYear() >= 2026;
  return { about, good, found: `${found}, with no signed time to hold it against`, remedy: "set the clock (NTP)" };
}

function trustFinding({ authority, epoch, issuedAt, expires }: Health["trust"][number]): Finding {
  return {
    about: "trust list",
    good: isPast(issuedAt) && !isPast(expires),
    found: `${authority}, epoch ${epoch}, signed ${ageText(issuedAt)}, ${untilText(expires)}`,
    remedy: isPast(issuedAt) ? "the authority publishes a new one: hufu publish" : "set the clock (NTP)",
  };
}

function statusFinding({ issuer, source, epoch, universe, expires }: Health["statuses"][number]): Finding {
  const numbered = epoch === undefined ? "" : `, epoch ${epoch}`;
  return {
    about: "status",
    good: isPast(universe) && (expires === undefined || !isPast(expires)),
    found: `${issuer}, ${source}${numbered}, of ${ageText(universe)}${expires === undefined ? "" : `, ${untilText(expires)}`}`,
    remedy: isPast(universe) ? "the authority publishes a new one: hufu publish" : "set the clock (NTP)",
  };
}

function feedFinding({ place, looked, trouble, faults }: FeedState): Finding {
  const about = "feed";
  if (trouble !== undefined || !looked) {
    const why = trouble ?? "it does not answer";
    return { about, good: false, found: `${place}: ${why}`, remedy: "look whether it is up and can be reached from here" };
  } // prettier-ignore
  // A delta, or a trust list beside one named by hand, need not be there.
  const refused = [...faults].filter(([, fault]) => fault !== ABSENT);
  if (refused.length === 0) return { about, good: true, found: `${place} can be read` };
  const told = refused.map(([name, fault]) => `${name}: ${fault}`).join("; ");
  return { about, good: false, found: `${place}: ${told}`, remedy: "let the authority publish again: hufu publish" };
}

function isPast(time: number): boolean {
  return time <= Date.now() / 1000;
}

/** How long ago. What lies ahead is not an age: clock or signer is wrong. */
function ageText(time: number): string {
  const age = Math.round(Date.now() / 1000 - time);
  return age < 0 ? `${lasting(-age)} in the future of this clock` : `${lasting(age)} ago`;
}

function untilText(time: number): string {
  return `${isPast(time) ? "stale since" : "until"} ${rfc3339(time)}`;
}

function lasting(seconds: number): string {
  if (seconds < 7_200) return `${seconds} s`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}
