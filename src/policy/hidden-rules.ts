import type { PolicyRule, PolicyTable } from "./policy.js";

/** A rule that never decides, and one before it that does in its place; both counted from 1. */
export interface HiddenRule {
  rule: number;
  because: number;
}

/**
 * Rules that another one hides: of equally close ones the first in the file decides (see ruleFor), on all days of the second
 * and in all regions of it.
 */
export function hiddenRules({ rules }: PolicyTable): HiddenRule[] {
  return rules.flatMap((one, i) => {
    const before = rules.slice(0, i).findIndex((other) => hides(other, one));
    return before < 0 ? [] : [{ rule: i + 1, because: before + 1 }];
  });
}

/** Days compare as they are written. */
function hides(first: PolicyRule, second: PolicyRule): boolean {
  const lasts = (first.from ?? "") <= (second.from ?? "") && (first.until ?? "9999") >= (second.until ?? "9999");
  const { regions } = first;
  const covers =
    regions === undefined ? second.regions === undefined : second.regions?.every((region) => regions.includes(region));
  return first.purpose === second.purpose && lasts && covers === true;
}
