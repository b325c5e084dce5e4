import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const scripts = fileURLToPath(new URL("../../scripts", import.meta.url));
const installed = dirname(createRequire(import.meta.url).resolve("uWebSockets.js"));
const { retargetFile } = (await import(join(scripts, "uws-addon.mjs"))) as {
  retargetFile: (file: string) => { changed: string[]; left?: never } | { left: string; changed?: never };
};

const folder = mkdtempSync(join(tmpdir(), "hufu-glibc-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const own = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
/** Binaries for other versions of Node than this one, so as the package brought them. */
const pristine = readdirSync(installed).filter((file) => /^uws_linux_x64_\d+\.node$/.test(file) && file !== own);

function copyOf(file: string): string {
  const path = join(mkdtempSync(join(folder, "copy-")), file);
  cpSync(join(installed, file), path);
  return path;
}

/** Hash of a symbol version's name (System V ABI, gABI chapter 5, "Hash Table"). */
function elfHash(name: string): number {
  return Array.from(Buffer.from(name)).reduce((hash, byte) => {
    const sum = ((hash << 4) + byte) >>> 0;
    const high = sum & 0xf0000000;
    return ((sum ^ (high >>> 24)) & ~high) >>> 0;
  }, 0);
}

/** The 32-bit words that differ, before and after. */
function changes(before: Buffer, after: Buffer): { from: number; to: number }[] {
  expect(after).toHaveLength(before.length);
  const found = [];
  for (let at = 0; at + 4 <= before.length; at += 4) {
    const [from, to] = [before.readUInt32LE(at), after.readUInt32LE(at)];
    if (from !== to) found.push({ from, to });
  }
  return found;
}

describe("a known add-on", () => {
  it.each(pristine)("%s: three symbols and one version change, and not a byte besides", (file) => {
    const path = copyOf(file);
    const before = readFileSync(path);
    expect(retargetFile(path).changed?.sort()).toEqual(["sscanf", "strtol", "strtoul"]);
    const words = changes(before, readFileSync(path));
    expect(words).toHaveLength(5);
    // A symbol is named by where its name begins: behind "__isoc23_".
    expect(words.filter(({ from, to }) => to - from === "__isoc23_".length)).toHaveLength(3);
    expect(words).toContainEqual({ from: elfHash("GLIBC_2.38"), to: elfHash("GLIBC_2.2.5") });
    expect(readdirSync(dirname(path))).toEqual([file]);
  });

  it.each(pristine)("%s: is left as it then is", (file) => {
    const path = copyOf(file);
    retargetFile(path);
    const once = readFileSync(path);
    expect(retargetFile(path).left).toContain("was left alone");
    expect(readFileSync(path).equals(once)).toBe(true);
  });

  it.each(pristine)("%s: with one bit changed it is none, and stays as it is", (file) => {
    const path = copyOf(file);
    const damaged = readFileSync(path);
    damaged[damaged.length >> 1]! ^= 1;
    writeFileSync(path, damaged);
    expect(retargetFile(path).left).toBe(`${path} does not load and is not the file expected, so it was left alone.`);
    expect(readFileSync(path).equals(damaged)).toBe(true);
  });
});

/** Runs the post-install step in a project of its own, with `addon` as the binary for this system. */
function postinstall(addon?: Uint8Array): { said: string; status: number | null; file: string } {
  const project = mkdtempSync(join(folder, "project-"));
  const packageFolder = join(project, "node_modules/uWebSockets.js");
  const file = join(packageFolder, own);
  cpSync(scripts, join(project, "scripts"), { recursive: true });
  if (addon !== undefined) {
    mkdirSync(packageFolder, { recursive: true });
    for (const name of ["package.json", "uws.js"]) cpSync(join(installed, name), join(packageFolder, name));
    writeFileSync(file, addon);
  }
  const { stderr, status } = spawnSync(process.execPath, [join(project, "scripts/glibc.mjs")], { encoding: "utf8" });
  return { said: stderr, status, file };
}

describe("the post-install step", () => {
  it("says nothing where the add-on loads, and changes nothing", () => {
    const addon = readFileSync(join(installed, own));
    const { said, status, file } = postinstall(addon);
    expect({ said, status }).toEqual({ said: "", status: 0 });
    expect(readFileSync(file).equals(addon)).toBe(true);
  });

  it("explains in one sentence that it leaves an unknown file alone, and fails no installation", () => {
    const addon = Buffer.from("another build");
    const { said, status, file } = postinstall(addon);
    expect(status).toBe(0);
    expect(said).toMatch(/^hufu: [^\n]+\.\n$/);
    expect(readFileSync(file).equals(addon)).toBe(true);
  });

  it("says so where the package is not installed", () => {
    const { said, status } = postinstall();
    expect(status).toBe(0);
    expect(said).toBe("hufu: uWebSockets.js is not installed; `hufu serve` needs it, everything else works without.\n");
  });
});

describe("this installation", () => {
  it("has an add-on that loads", () => {
    expect(existsSync(join(installed, own))).toBe(true);
    execFileSync(process.execPath, ["-e", "require('uWebSockets.js')"], { cwd: join(scripts, "..") });
  });
});
