/** What the dashboard reads of the server's Prometheus metrics, at one moment. */
export interface Sample {
  /** Seconds, from any origin. */
  at: number;
  /** Verdicts given so far, by code. */
  verdicts: ReadonlyMap<string, number>;
  /** Requests and frames answered within so many seconds, so far; by bound, ascending. */
  durations: readonly { bound: number; count: number }[];
  statusEpoch: number;
}

/** Read the text exposition format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export function readSample(text: string, at: number): Sample {
  const verdicts = new Map<string, number>();
  const durations = new Map<number, number>();
  let statusEpoch = 0;
  for (const line of text.split("\n")) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const [, name, labels = "", number] = match;
    const value = Number(number);
    if (name === "hufu_verdicts_total") add(verdicts, label(labels, "code"), value);
    else if (name === "hufu_request_duration_seconds_bucket")
      add(durations, Number(label(labels, "le").replace("+Inf", "Infinity")), value); // prettier-ignore
    else if (name === "hufu_status_epoch") statusEpoch = value;
  }
  const ascending = [...durations].sort(([a], [b]) => a - b).map(([bound, count]) => ({ bound, count }));
  return { at, verdicts, durations: ascending, statusEpoch };
}

function add<K>(map: Map<K, number>, key: K, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value);
}

function label(labels: string, name: string): string {
  return new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
}

/** Verdicts a second by code between two samples, most frequent first. */
export function rates(before: Sample, after: Sample): { code: string; rate: number }[] {
  const seconds = Math.max(after.at - before.at, 1e-3);
  return [...after.verdicts]
    .map(([code, count]) => ({ code, rate: (count - (before.verdicts.get(code) ?? 0)) / seconds }))
    .filter(({ rate }) => rate > 0)
    .sort((a, b) => b.rate - a.rate);
}

/**
 * Seconds within which a share of the answers between two samples were given, interpolated in the histogram's bucket;
 * undefined where there were none.
 */
export function quantile(before: Sample, after: Sample, share: number): number | undefined {
  const counts = after.durations.map(({ bound, count }, i) => ({
    bound,
    count: count - (before.durations[i]?.count ?? 0),
  }));
  const total = counts[counts.length - 1]?.count ?? 0;
  if (total === 0) return undefined;
  let [low, below] = [0, 0];
  for (const { bound, count } of counts) {
    if (count >= share * total) {
      if (bound === Infinity || count === below) return low;
      return low + ((bound - low) * (share * total - below)) / (count - below);
    }
    [low, below] = [bound, count];
  }
  return low;
}
