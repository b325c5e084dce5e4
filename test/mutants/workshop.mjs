// A copy of the project in which faults are planted, built and tested; the project itself is never touched.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import asc from "assemblyscript/asc";
import ts from "typescript";

const COPIED = ["assembly", "src", "test", "bench", "bin", "scripts", "package.json", "asconfig.json", "dist"];
const FLAGS = ["--runtime", "stub", "--enable", "simd", "--use", "abort=", "--disableWarning", "112"];
/** Optimised, or the tests of the arithmetic take longer than that saves. */
const ENGINE = {
  entries: ["assembly/index.ts", "assembly/testing/stages.ts"],
  flags: ["--noAssert", "--optimizeLevel", "2"],
};
const BUILDS = {
  // One compilation is both: the stages hold all that the shipped engine does.
  engine: { ...ENGINE, outputs: ["dist/src/engine/hufu.stages.wasm", "dist/src/engine/hufu.wasm"] },
  debug: { ...ENGINE, flags: [], outputs: ["dist/src/engine/hufu.debug.wasm"] },
  builder: { ...ENGINE, entries: ["assembly/builder.ts"], outputs: ["dist/src/authority/snapshot/builder.wasm"] },
};

export class Workshop {
  constructor(project, folder) {
    this.project = project;
    this.root = join(folder, basename(project));
    rmSync(this.root, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true });
    for (const name of COPIED) cpSync(join(project, name), join(this.root, name), { recursive: true });
    for (const name of readdirSync(project)) {
      if (/^(ts|vitest)\.?config.*|^tsconfig.*/.test(name)) cpSync(join(project, name), join(this.root, name));
    }
    link(join(project, "node_modules"), join(this.root, "node_modules"));
    const shared = join(project, "../shared");
    if (existsSync(shared)) link(shared, join(folder, "shared"));
    this.builds = Object.entries(BUILDS).map(([name, build]) => {
      return { name, ...build, sources: modulesOf(this.root, build.entries), stale: true };
    });
  }

  /** Write `text` as `file`. Returns whether it is TypeScript; whether AssemblyScript takes it comes out when it is tested. */
  put(file, text) {
    writeFileSync(join(this.root, file), text);
    for (const build of this.builds) build.stale ||= build.sources.has(file);
    if (!file.startsWith("src/")) return true;
    const { outputText, diagnostics } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
      reportDiagnostics: true,
    });
    writeFileSync(join(this.root, "dist", file.replace(/\.ts$/, ".js")), outputText);
    return diagnostics.length === 0;
  }

  async #assemble({ entries, outputs, flags }) {
    const { error } = await asc.main(
      [...entries, "--baseDir", this.root, "--outFile", outputs[0], ...flags, ...FLAGS],
      {},
    );
    if (error) return false;
    for (const output of outputs.slice(1)) cpSync(join(this.root, outputs[0]), join(this.root, output));
    return true;
  }

  /** Run test files until the first fails: "passed", "failed", "hung" after `limit` ms, "invalid" if it cannot be built. */
  async test(files, limit) {
    for (const build of this.builds) {
      if (!build.stale || (build.name === "debug" && !usesDebug(this.root, files))) continue;
      if (!(await this.#assemble(build))) return "invalid";
      build.stale = false;
    }
    return this.#run(files, limit);
  }

  #run(files, limit) {
    const vitest = join(this.root, "node_modules/vitest/vitest.mjs");
    const args = [vitest, "run", "--bail", "1", "--reporter", "dot", ...files];
    const child = spawn(process.execPath, args, { cwd: this.root, detached: true, stdio: "ignore" });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        process.kill(-child.pid, "SIGKILL");
        resolve("hung");
      }, limit);
      child.once("error", reject);
      child.once("exit", (status) => {
        clearTimeout(timer);
        resolve(status === 0 ? "passed" : "failed");
      });
    });
  }
}

function link(target, path) {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** The files that a WebAssembly module is compiled from. */
function modulesOf(root, entries) {
  const found = new Set(entries);
  for (const file of found) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, specifier] of text.matchAll(/\bfrom "(\.[^"]+)"/g)) {
      found.add(join(dirname(file), `${specifier.replace(/\.js$/, "")}.ts`));
    }
  }
  return found;
}

/** The tests that mirror a source file, NAME.test.ts and NAME.SUBJECT.test.ts; those of its folder where there are none. */
export function mirrored(root, file) {
  const folder = dirname(join("test", file));
  const name = `${basename(file, ".ts")}.`;
  const isMirror = (test) => test.startsWith(name) && test.endsWith(".test.ts") && !test.endsWith(".slow.test.ts");
  const own = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter(isMirror) : [];
  if (own.length > 0) return own.map((test) => join(folder, test));
  if (folder === "test/assembly") return ["test/src/engine"];
  return existsSync(join(root, folder)) ? [folder] : reaching(file);
}

const PARSING = ["test/assembly/cbor", "test/assembly/cose", "test/assembly/credential", "test/src/engine"];

/** Tests of what stands on each folder: only survivors are put to them. Servers, commands and databases cost minutes. */
const ABOVE = {
  "assembly/hash": ["test/assembly/hash", "test/assembly/signature", "test/src/engine", "test/src/format"],
  "assembly/curve": ["test/assembly/curve", "test/assembly/signature", "test/src/engine"],
  "assembly/decode": ["test/assembly/decode", "test/src/engine"],
  "assembly/cbor": PARSING,
  "assembly/cose": PARSING,
  "assembly/credential": PARSING,
  "assembly/signature": ["test/assembly/signature", "test/src/engine"],
  "assembly/status": ["test/assembly/status", "test/src/engine", "test/src/format"],
  "assembly/builder": ["test/src/authority/snapshot/builder.test.ts", "test/src/format"],
  assembly: [...PARSING, "test/assembly/signature", "test/src/format"],
  "src/abi": ["test/src/abi", "test/src/format", "test/src/engine", "test/assembly/status"],
  "src/format": [
    "test/src/format",
    "test/src/engine",
    "test/src/policy",
    "test/assembly/credential",
    "test/assembly/status",
  ],
};

export function reaching(file) {
  return ABOVE[dirname(file)] ?? ABOVE["src/format"];
}

/** Whether any of the tests runs the build with assertions. */
function usesDebug(root, tests) {
  return tests.some((path) => {
    const files = path.endsWith(".ts")
      ? [path]
      : readdirSync(join(root, path), { recursive: true }).map((name) => join(path, String(name)));
    return files.some((name) => name.endsWith(".ts") && readFileSync(join(root, name), "utf8").includes('"debug"'));
  });
}
