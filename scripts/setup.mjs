// Everything `npm start` and `npm test` need, done once and quietly: dependencies, then the build. Needs node and npm only.
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampFile = join(root, "dist", ".setup.json");

const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
const lock = digest([join(root, "package-lock.json")]);
const wasmSources = digest([...walk("assembly"), ...walk("src/abi"), join(root, "asconfig.json")]);
const tsSources = digest([...walk("src"), ...walk("bench"), join(root, "tsconfig.json")]);
const wasmFiles = ["engine/hufu", "engine/hufu.stages", "engine/hufu.debug", "authority/snapshot/builder"].map((name) =>
  join(root, "dist/src", `${name}.wasm`),
);

if (stamp.lock !== lock || !existsSync(join(root, "node_modules/assemblyscript"))) {
  // A checkout whose node_modules someone else keeps (a link, a mounted volume) is theirs to update.
  if (stamp.lock !== undefined || !existsSync(join(root, "node_modules/assemblyscript"))) {
    run("installing dependencies", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  }
}
mkdirSync(join(root, "dist"), { recursive: true });
if (stamp.wasm !== wasmSources || wasmFiles.some((file) => !existsSync(file))) {
  run("compiling the engine to WebAssembly", ["run", "--silent", "build:wasm"]);
}
if (stamp.ts !== tsSources || !existsSync(join(root, "dist/src/cli/main.js"))) {
  run("compiling TypeScript", ["run", "--silent", "build:ts"]);
}
writeFileSync(stampFile, JSON.stringify({ lock, wasm: wasmSources, ts: tsSources }));

function run(what, args) {
  process.stderr.write(`hufu: ${what} ...\n`);
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ["npm", []];
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], { cwd: root, encoding: "utf8" });
  if (status !== 0) {
    process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
    fail(`${what} failed${error ? `: ${error.message}` : ""}`, `run \`npm ${args.join(" ")}\` in ${root} to see why`);
  }
}

function fail(what, remedy) {
  process.stderr.write(`hufu: ${what}; ${remedy}.\n`);
  process.exit(2);
}

/** A checkout that was moved needs nothing again, so paths count from the root. */
function digest(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

function walk(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(root, folder, String(name)))
    .filter((path) => statSync(path).isFile())
    .sort();
}
