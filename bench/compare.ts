import { z } from "zod";
import type { BenchResult } from "./result.js";

/** What a row was in an earlier report, and is now. */
export interface Change {
  name: string;
  unit: string;
  /** Of which it is told: the ratio to the peer where both have one, because the speed of machines drifts. */
  of: "ratio" | "value";
  before: number;
  now: number;
  /** How much better it is than before, as a part: negative where it is worse. */
  better: number;
  /** The larger spread of both, (largest - least) / median of the rounds; absent where there is one round. */
  spread?: number;
  /** Worse by more than the threshold, and by more than the rounds of one side differ. */
  isWorse: boolean;
}

export interface Comparison {
  changes: Change[];
  /** Rows of one report alone. */
  gone: string[];
  added: string[];
}

const rounds = z.object({ ours: z.array(z.number()), ratio: z.array(z.number()).optional() });
const report = z.object({
  results: z.array(
    z.object({
      group: z.string(),
      name: z.string(),
      unit: z.string(),
      ours: z.number(),
      ratio: z.number().optional(),
      rounds: rounds.optional(),
    }),
  ),
});
export type OldResult = z.infer<typeof report>["results"][number];

/** The results in what `--json` has printed. Throws Error where it is something else. */
export function readReport(text: string): OldResult[] {
  const parsed = report.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data.results;
  throw new Error(`it is not a report of \`hufu bench --json\`: ${z.prettifyError(parsed.error)}`);
}

/** `threshold`: the part by which a row may be worse. Of groups that were not run nothing is said. */
export function compare(old: readonly OldResult[], now: readonly BenchResult[], threshold: number): Comparison {
  const groups = new Set(now.map(({ group }) => group));
  const before = new Map(old.filter(({ group }) => groups.has(group)).map((one) => [keyOf(one), one]));
  const changes: Change[] = [];
  const added: string[] = [];
  for (const result of now) {
    const earlier = before.get(keyOf(result));
    before.delete(keyOf(result));
    if (earlier === undefined) added.push(keyOf(result));
    else changes.push(changeOf(earlier, result, threshold));
  }
  return { changes, gone: [...before.keys()], added };
}

function keyOf({ group, name }: OldResult): string {
  return `${group}: ${name}`;
}

function changeOf(earlier: OldResult, result: BenchResult, threshold: number): Change {
  const hasRatio = earlier.ratio !== undefined && result.ratio !== undefined;
  const value = ({ ours, ratio = NaN }: OldResult): number => (hasRatio ? ratio : ours);
  const [before, now] = [value(earlier), value(result)];
  const moreIsBetter = result.unit.endsWith("s") && result.unit.includes("/");
  const better = before === now ? 0 : moreIsBetter ? now / before - 1 : 1 - now / before;
  const spreads = [earlier, result].flatMap((one) => spreadOf(hasRatio ? one.rounds?.ratio : one.rounds?.ours) ?? []);
  const spread = spreads.length === 0 ? undefined : Math.max(...spreads);
  return {
    ...{ name: keyOf(result), unit: result.unit, of: hasRatio ? "ratio" : "value", before, now, better },
    ...(spread !== undefined && { spread }),
    isWorse: -better > Math.max(threshold, spread ?? 0),
  };
}

function spreadOf(values: readonly number[] | undefined): number | undefined {
  if (values === undefined || values.length < 2) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const [least = NaN, most = NaN] = [sorted[0], sorted[sorted.length - 1]];
  const middle = sorted[sorted.length >> 1] ?? NaN;
  return middle === 0 ? 0 : (most - least) / middle;
}
