import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** What names one algorithm and not all of them. */
const NAMES = /\bAlgorithm\.(?:ED25519|P256|SM2)\b|"(?:EdDSA|ES256|SM2)"/;
/** Arithmetic, of which a new algorithm brings its own; and the demonstration, which has chosen one. */
const OWN = /^assembly\/(curve|signature|testing)\/|^src\/cli\/demo\//;

const section = /### To add an algorithm\n([^]*?)\n### /.exec(read("README.md"))?.[1] ?? "";
const listed = Array.from(section.matchAll(/`((?:assembly|src|bench|test)\/[^`<>]+\.ts)`/g), ([, path]) => path ?? "");

it("the README's list of what an algorithm needs names every file that names one, and those alone", () => {
  const files =
    execFileSync("git", ["ls-files", "-co", "--exclude-standard", "src", "assembly"], { cwd: root, encoding: "utf8" }) // prettier-ignore
      .split("\n")
      .filter((path) => path.endsWith(".ts") && existsSync(join(root, path)));
  const naming = files.filter((path) => NAMES.test(read(path)) && !OWN.test(path));
  expect(naming.filter((path) => !listed.includes(path))).toEqual([]);
  const idle = listed.filter((path) => !existsSync(join(root, path)) || !/ed25519|Algorithm|EdDSA/i.test(read(path)));
  expect(idle).toEqual([]);
  expect(listed.length).toBeGreaterThan(10);
});
