// `npm run mutants`: plants faults one by one and sees whether the tests find them. See README.md beside this file.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diffOf, faultsOf, inTurns, shuffled } from "./faults.mjs";
import { mirrored, reaching, Workshop } from "./workshop.mjs";

const project = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    minutes: { type: "string", default: "1000000" },
    state: { type: "string", default: join(project, "dist/mutants.ndjson") },
  },
});
/** Not part of what ships, and what only a planted trap is for. */
const LEFT_OUT = /^assembly\/testing\//;
const LIMIT_MS = 240_000;

// All that follows reads the copy: the project may change meanwhile.
const shop = new Workshop(project, join(tmpdir(), `hufu-mutants-${values.seed}`));
const files = ["assembly", "src/abi", "src/format"]
  .flatMap((folder) =>
    readdirSync(join(shop.root, folder), { recursive: true }).map((name) => join(folder, String(name))),
  )
  .filter((file) => file.endsWith(".ts") && !LEFT_OUT.test(file))
  .sort();
const all = inTurns(
  shuffled(
    files.flatMap((file) => faultsOf(shop.root, file)),
    Number(values.seed),
  ),
);
// Those that once survived come first.
const faults = [...faultsByHand(), ...all].filter(({ file }) => file.startsWith(values.only));
const known = readEquivalent();

mkdirSync(dirname(values.state), { recursive: true });
const results = existsSync(values.state) ? readResults() : [];
const done = new Set(results.map(keyOf));
const end = Date.now() + Number(values.minutes) * 60_000;
for (const fault of faults) {
  if (results.filter(({ result }) => result !== "invalid").length >= Number(values.count) || Date.now() > end) break;
  const entry = { ...diffOf(shop.root, fault), ...fault };
  if (done.has(keyOf(entry))) continue;
  const started = Date.now();
  entry.result = reasonFor(entry) === undefined ? await judge(fault) : "equivalent";
  entry.seconds = Math.round((Date.now() - started) / 1000);
  results.push(entry);
  appendFileSync(values.state, `${JSON.stringify(entry)}\n`);
  process.stderr.write(
    `${entry.result} ${entry.seconds} s ${entry.file}:${entry.line}  ${entry.from}  =>  ${entry.to}\n`,
  );
}
process.stdout.write(`${JSON.stringify(summary(), null, 2)}\n`);

/** Plant one fault: which tests found it, or "survived", or "invalid" where it does not compile. */
async function judge({ file, start, end, insert }) {
  const text = readFileSync(join(shop.root, file), "utf8");
  if (!shop.put(file, text.slice(0, start) + insert + text.slice(end))) return restored("invalid");
  const found = await shop.test(mirrored(shop.root, file), LIMIT_MS);
  if (found === "invalid") return restored("invalid");
  if (found !== "passed") return restored("mirrored");
  return restored((await shop.test(reaching(file), 4 * LIMIT_MS)) === "passed" ? "survived" : "others");

  function restored(result) {
    shop.put(file, text);
    return result;
  }
}

/** What people planted by hand and no test saw. A line that is written otherwise now has to be looked at again. */
function faultsByHand() {
  const list = JSON.parse(readFileSync(new URL("./by-hand.json", import.meta.url), "utf8"));
  return list.flatMap(({ file, from, to }) => {
    const text = existsSync(join(shop.root, file)) ? readFileSync(join(shop.root, file), "utf8") : "";
    const start = text.indexOf(from);
    if (start < 0) process.stderr.write(`by-hand.json is out of step: ${file} has no ${from}\n`);
    const line = text.slice(0, start).split("\n").length;
    return start < 0 ? [] : [{ kind: "by hand", file, line, start, end: start + from.length, insert: to }];
  });
}

function summary() {
  const counted = results.filter(({ result }) => result !== "invalid" && result !== "equivalent");
  const caught = counted.filter(({ result }) => result !== "survived").length;
  const folders = {};
  for (const { file, result } of counted) {
    const folder = (folders[dirname(file)] ??= { faults: 0, caught: 0 });
    folder.faults++;
    if (result !== "survived") folder.caught++;
  }
  return {
    ...{ seed: Number(values.seed), candidates: all.length, faults: counted.length, caught },
    rate: counted.length === 0 ? null : Number((caught / counted.length).toFixed(3)),
    equivalent: results.filter(({ result }) => result === "equivalent").length,
    folders,
    survivors: results
      .filter(({ result }) => result === "survived")
      .map(({ file, line, from, to }) => ({ at: `${file}:${line}`, from, to })),
  };
}

function keyOf({ file, line, from, to }) {
  return `${file}:${line}: ${from} => ${to}`;
}

function readResults() {
  return readFileSync(values.state, "utf8")
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function readEquivalent() {
  return JSON.parse(readFileSync(new URL("./equivalent.json", import.meta.url), "utf8"));
}

/** Why a fault changes nothing that could be seen, if it is known. */
function reasonFor({ file, from, to }) {
  return known.find((one) => one.file === file && one.from === from && one.to === to)?.why;
}
