import { SYNONYMS, WRITINGS } from "./variants.js";

let groups: Map<string, number> | undefined;
let synonyms: Set<string> | undefined;

/** Are two ideographs one in other writings, or may one stand for the other? The tables are read when first asked. */
export function areVariants(a: string, b: string): boolean {
  groups ??= readGroups();
  const [one, other] = [groups.get(a) ?? a, groups.get(b) ?? b];
  if (one === other) return true;
  synonyms ??= readSynonyms(groups);
  return synonyms.has(`${one} ${other}`);
}

function readGroups(): Map<string, number> {
  const words = WRITINGS.trim().split(/\s+/);
  return new Map(words.flatMap((word, index) => Array.from(word, (character) => [character, index] as const)));
}

function readSynonyms(known: ReadonlyMap<string, number>): Set<string> {
  const pairs = SYNONYMS.trim().split(/\s+/);
  return new Set(
    pairs.flatMap((pair) => {
      const [one = "", other = ""] = Array.from(pair, (character) => known.get(character) ?? character);
      return [`${one} ${other}`, `${other} ${one}`];
    }),
  );
}
