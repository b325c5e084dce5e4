import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../src/abi/batch.js";
import { generateKey } from "./support/keys.js";
import { jwksOf } from "./support/make-card.js";

/** What `npm pack` makes, put to use as whoever installs it would. */

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hufu-package-"));
const installed = join(folder, "node_modules/hufu");
let files: string[] = [];

beforeAll(() => {
  const said = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" });
  const [packed] = JSON.parse(said) as { filename: string; files: { path: string }[] }[];
  files = packed?.files.map(({ path }) => path) ?? [];
  execFileSync("tar", ["xzf", packed?.filename ?? ""], { cwd: folder });
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  execFileSync("mv", [join(folder, "package"), installed]);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(
  file: string,
  args: readonly string[],
  env = process.env,
): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...args], { cwd: folder, env }, (_, out, err) => {
      resolve({ status: child.exitCode, out, err });
    });
  });
}

describe("the package", () => {
  it("holds what runs, and nothing else", () => {
    const wanted =
      /^(README\.md|CHANGELOG\.md|LICENSE|package\.json|bin\/hufu\.mjs|scripts\/(glibc|node-version|uws-addon)\.mjs|dist\/src\/.*\.(js|d\.ts|html|css)|dist\/src\/(engine\/hufu|authority\/snapshot\/builder)\.wasm)$/;
    expect(files.filter((path) => !wanted.test(path))).toEqual([]);
    for (const path of files.filter((path) => path.endsWith(".js"))) {
      expect(existsSync(join(root, path.replace(/^dist\//, "").replace(/\.js$/, ".ts"))), `${path} has no source`).toBe(
        true,
      );
    }
    for (const wasm of ["engine/hufu", "authority/snapshot/builder"]) expect(files).toContain(`dist/src/${wasm}.wasm`);
  });

  it("holds nothing of sources that are gone: the build takes it away", () => {
    const stale = join(root, "dist/src/gone.js");
    writeFileSync(stale, "");
    execFileSync(process.execPath, [join(root, "scripts/after-build.mjs")]);
    expect(existsSync(stale)).toBe(false);
  });

  it("holds all that its files import, but for the benchmarks", () => {
    for (const path of files.filter((path) => /\.m?js$/.test(path))) {
      const text = readFileSync(join(installed, path), "utf8");
      for (const [, specifier = ""] of text.matchAll(/(?:from|import\(|^import)\s*"(\.[^"]+)"/gm)) {
        const target = join(dirname(path), specifier);
        if (!/^dist\/bench\/|scripts\/setup\.mjs$/.test(target)) expect(files, `${path} imports it`).toContain(target);
      }
    }
  });

  it("runs its command", async () => {
    const hufu = join(installed, "bin/hufu.mjs");
    writeFileSync(join(folder, "cards.txt"), "BB8\n");
    expect(await run(hufu, ["decode", "cards.txt"])).toMatchObject({ status: 1, err: "" });
    expect(await run(hufu, ["bench"])).toMatchObject({
      status: 2,
      err: expect.stringContaining("in a clone") as string,
    });
    expect((await run(hufu, ["doctor", "--port", "0"])).out).toMatch(/engine +loads and answers/);
  });

  it("says how an add-on is mended from where it is installed", async () => {
    const preload = new URL("./support/unfit-machine.mjs", import.meta.url).href;
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import=${preload}`,
      UNFIT: "glibc",
      HUFU_SOCKETS: "uws",
      HUFU_STATE: join(folder, "state"),
    };
    writeFileSync(join(folder, "keys.jwks"), jwksOf([generateKey(Algorithm.ED25519)]));
    const serve = ["serve", "--trust", "keys.jwks", "--port", "0"];
    const { status, err } = await run(join(installed, "bin/hufu.mjs"), serve, env);
    expect(status).toBe(2);
    const mender = /run `node (\S+)`/.exec(err)?.[1] ?? "";
    expect(mender).toBe(join(realpathSync(installed), "scripts/glibc.mjs"));
    // Where nobody asks for the add-on, doctor says by what it is replaced, and how it is mended.
    const doctor = await run(join(installed, "bin/hufu.mjs"), ["doctor", "--port", "0"], { ...env, HUFU_SOCKETS: "" });
    expect(doctor.out).toMatch(/service +node:http and ws speak to clients.*GLIBC_2\.38.*glibc\.mjs/);
    expect(await run(mender, [])).toEqual({ status: 0, out: "", err: "" });
  });

  it(
    "has types that a strict consumer compiles, skipping nothing and without the DOM",
    { timeout: 240_000 },
    async () => {
      writeFileSync(join(folder, "package.json"), '{"type": "module"}');
      writeFileSync(
        join(folder, "consumer.ts"),
        `import { Verifier } from "hufu";
import { Engine } from "hufu/engine";
import { HufuClient } from "hufu/client";
import { memoryStore, Wallet } from "hufu/wallet";
const engine = await Engine.create({ trust: "{}" });
const verifier = await Verifier.create({ trust: [new Uint8Array()], workers: 1 });
const [first] = engine.verifyBatch(["BB8"], { purpose: "rail-boarding", claims: true });
const [second] = await verifier.verifyBatch(["BB8", Uint8Array.of(1)]);
const third = await new HufuClient("ws://127.0.0.1:1").verify("BB8");
const wallet = await Wallet.open({ store: memoryStore() });
export const qr: string = await wallet.present({ audience: "hotel", claims: [1, 4] });
export const codes: (string | undefined)[] = [first?.code, second?.code, third.code];
// @ts-expect-error -- a verdict has no such field
export const nothing = first?.verified;
`,
      );
      const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
      const target = { target: "es2022", lib: ["es2023"], module: "nodenext", moduleResolution: "nodenext" };
      const compilerOptions = { ...strict, ...target, skipLibCheck: false, noEmit: true, types: ["node"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts"] }));
      expect(await run(join(root, "node_modules/typescript/bin/tsc"), ["-p", folder])).toEqual({
        status: 0,
        out: "",
        err: "",
      });
    },
  );
});
