import type { FeedState } from "../feed/feed.js";
import type { Labelled, Metrics } from "./metrics.js";
import type { Readiness } from "./readiness.js";

/** What the verdicts rest on, for whoever watches: an alarm comes before a card is undetermined. */
export function addReadinessMetrics(metrics: Metrics, readiness: Readiness): void {
  const health = readiness.judged.health.bind(readiness.judged);
  const now = (): number => Date.now() / 1000;
  metrics.gauge("hufu_ready", "1 where a good card of every trusted issuer would be accepted now", () =>
    health().ready ? 1 : 0,
  );
  metrics.gauges("hufu_not_ready", "1 for each reason why not", ["code", "issuer"], () =>
    readiness.reasons().map(({ code, issuer = "" }) => [{ code, issuer }, 1]),
  );
  metrics.gauge("hufu_clock_floor_timestamp_seconds", "The largest time that was signed: the clock is after it", () =>
    health().clockFloor,
  ); // prettier-ignore
  const trust = (name: string, help: string, read: (one: TrustHealth) => number): void => {
    metrics.gauges(`hufu_trust_list_${name}`, help, ["authority", "root"], () =>
      health().trust.map((one) => [{ authority: one.authority, root: one.root }, read(one)]),
    );
  };
  trust("epoch", "Epoch of the trust list in force", ({ epoch }) => epoch);
  trust("age_seconds", "Since it was signed", ({ issuedAt }) => now() - issuedAt);
  trust("expires_timestamp_seconds", "When it expires", ({ expires }) => expires);
  const status = (name: string, help: string, read: (one: StatusHealth) => number | undefined): void => {
    metrics.gauges(`hufu_issuer_status_${name}`, help, ["issuer", "source"], () =>
      health().statuses.flatMap((one): Labelled[] => {
        const value = read(one);
        return value === undefined ? [] : [[{ issuer: one.issuer, source: one.source }, value]];
      }),
    );
  };
  status("epoch", "Epoch of status in force", ({ epoch }) => epoch);
  status("age_seconds", "Since the moment up to which it answers", ({ universe }) => now() - universe);
  status("expires_timestamp_seconds", "When good becomes stale", ({ expires }) => expires);
  if (readiness.feed !== undefined) addFeedMetrics(metrics, readiness.feed);
}

function addFeedMetrics(metrics: Metrics, feed: FeedState): void {
  const seconds = (time: number | undefined): number => (time ?? 0) / 1000;
  metrics.gauge("hufu_feed_reachable", "1 where all of the feed could be read at the last look", () =>
    feed.looked && feed.trouble === undefined ? 1 : 0,
  );
  metrics.gauge("hufu_feed_last_success_timestamp_seconds", "When all of it could last be read, 0 for never", () =>
    seconds(feed.lastSuccess),
  ); // prettier-ignore
  metrics.gauge("hufu_feed_last_change_timestamp_seconds", "When something of it last came into force", () =>
    seconds(feed.lastChange),
  ); // prettier-ignore
  metrics.counter("hufu_feed_failures_total", "Looks at which not all of it could be read", () => feed.failures);
  metrics.gauges("hufu_feed_file_fault", "1 for each file that is missing, is not one, or is refused", ["file"], () =>
    [...feed.faults.keys()].map((file) => [{ file }, 1]),
  );
}

type Health = ReturnType<Readiness["judged"]["health"]>;
type TrustHealth = Health["trust"][number];
type StatusHealth = Health["statuses"][number];
