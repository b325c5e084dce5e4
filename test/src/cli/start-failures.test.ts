import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresRuns } from "../../support/authority.js";
import { jwksOf } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { card, issuerKey } from "../../support/server.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: PostgreSQL does not run here)";
const folder = mkdtempSync(join(tmpdir(), "hufu-failures-"));
const path = (name: string): string => join(folder, name);
/** Takes the port, and answers nobody. */
const listener = createServer((socket) => socket.once("data", () => socket.destroy()));
let port = "";

beforeAll(async () => {
  mkdirSync(path("folder"));
  writeFileSync(path("trust.json"), jwksOf([issuerKey]));
  writeFileSync(path("cards.txt"), `${card}\n`);
  writeFileSync(path("person.json"), '{"id": "11010519491231002X", "name": "张三"}');
  writeFileSync(path("garbage"), "no such format");
  // Nothing but holes: 1.1 GiB that take no room.
  writeFileSync(path("big"), "");
  truncateSync(path("big"), 1_181_116_006);
  // Tag 18 and the head of an array, then nothing.
  writeFileSync(path("cut.hufu"), Uint8Array.of(0xd2, 0x84));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  port = typeof address === "object" && address !== null ? String(address.port) : "";
});
afterAll(() => {
  listener.close();
  rmSync(folder, { recursive: true });
});

/** A command in the folder. `@NAME` in its arguments stands for what is known only when it runs. */
function hufu(
  line: string,
  env: Record<string, string> = {},
): Promise<{ status: number | null; out: string; err: string }> {
  const args = line.replace("@PORT", port).split(" ");
  const settings = { cwd: folder, env: { ...process.env, HUFU_DATABASE_URL: "", ...env }, timeout: 30_000 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [hufuPath, ...args], settings, (_, out, err) => {
      resolve({ status: child.exitCode, out, err });
    });
  });
}

/** One sentence: what is wrong, a semicolon, and what helps. */
function sentence(what: string): RegExp {
  const literal = what.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^hufu: [^\\n]*${literal}[^\\n]*; [^\\n]+\\.\\n$`);
}

describe("a command that cannot start ends with 2, says why and what helps", () => {
  it.each([
    ["verify cards.txt", "--trust"],
    ["verify cards.txt --trust nonesuch", "cannot read --trust nonesuch: there is no such file"],
    ["verify cards.txt --trust folder", "cannot read --trust folder: it is a folder"],
    ["verify cards.txt --trust garbage", "cannot use garbage: it is neither"],
    ["verify cards.txt --trust trust.json cut.hufu", "cannot use cut.hufu: not a trust list"],
    ["verify nonesuch --trust trust.json", "cannot read nonesuch: there is no such file"],
    ["verify folder --trust trust.json", "cannot read folder: it is a folder"],
    ["verify cards.txt --trust trust.json --status nonesuch", "cannot read --status nonesuch"],
    ["verify cards.txt --trust trust.json --status garbage", "cannot use garbage: "],
    ["verify cards.txt --trust trust.json --policy garbage", "cannot use garbage: the policy is not JSON"],
    ["verify cards.txt --trust trust.json --policy trust.json", "cannot use trust.json: the policy is wrong"],
    ["verify cards.txt --trust trust.json --region 11", "--region 11"],
    ["verify cards.txt --trust trust.json --at tomorrow", "--at tomorrow"],
    [`verify cards.txt --trust trust.json --audience ${"x".repeat(257)}`, "audience is at most 256 characters"],
    [`explain BB8 --nonce ${"x".repeat(257)}`, "nonce is 1 to 256 characters"],
    ["verify cards.txt --trust trust.json --polcy x", "--polcy"],
    ["verify cards.txt --trust big", "cannot read --trust big: it has 1181116006 bytes, and at most 4194304 are read"],
    ["verify cards.txt --trust trust.json --policy big", "cannot read --policy big: it has 1181116006 bytes"],
    ["serve --trust trust.json --tokens big", "cannot read --tokens big: it has 1181116006 bytes"],
    ["serve --config big", "cannot read the configuration big: it has 1181116006 bytes"],
    ["decode nonesuch", "cannot read nonesuch"],
    ["serve --trust trust.json --port @PORT", "is in use"],
    ["serve --trust trust.json --port 65536", "port"],
    ["serve --trust trust.json --host 192.0.2.1", "192.0.2.1 is no address of this machine"],
    ["serve --trust trust.json --status garbage", "cannot use garbage"],
    ["serve --trust trust.json --policy nonesuch", "cannot read --policy nonesuch"],
    ["serve --trust trust.json --tokens garbage", "cannot use garbage: it is not JSON"],
    ["serve --config nonesuch", "nonesuch"],
    ["serve --feed ftp://u:secret@host/feed", "feed (flag, HUFU_FEED) is wrong: ftp:// is not followed"],
    ["serve --feed http://u:sec/ret@host/", "feed (flag, HUFU_FEED) is wrong: it is not an address"],
    ["demo --port 99999", "a port is 0 to 65535"],
    ["init --data trust.json", "trust.json cannot be used: it is a file"],
    ["init --data /proc/hufu", "/proc/hufu cannot be used"],
    ["enrol person.json --data nonesuch", "there is no authority in"],
    ["enrol nonesuch --data nonesuch", "cannot read nonesuch"],
    ["publish --data nonesuch", "there is no authority in"],
    ["revoke 11010519491231002X --data nonesuch --reason x", "there is no authority in"],
    ["bench nonesuch", "nonesuch"],
    ["nonesuch", "unknown command 'nonesuch'"],
  ])("hufu %s", async (line, what) => {
    const { status, out, err } = await hufu(line);
    expect(err).toMatch(sentence(what));
    expect([status, out]).toEqual([2, ""]);
  });

  it.skipIf(!runs)(`hufu demo on a port in use${note}`, async () => {
    const { status, err } = await hufu("demo --port @PORT");
    expect(err.split("\n").slice(-2).join("\n")).toMatch(sentence("is in use"));
    expect(status).toBe(2);
  });

  it("publish and enrol with a database that is not there", async () => {
    for (const url of ["postgres://nobody@127.0.0.1:1/none", "nonsense"]) {
      const { status, err } = await hufu("publish", { HUFU_DATABASE_URL: url });
      expect(err).toMatch(sentence("PostgreSQL cannot be reached"));
      expect(status).toBe(2);
    }
  });

  it.each([
    ["node", "verify cards.txt --trust trust.json", "Node 18.20.4 is too old"],
    ["simd", "verify cards.txt --trust trust.json", "the engine does not compile here"],
    ["simd", "serve --trust trust.json", "the engine does not compile here"],
    ["build", "decode cards.txt", "the engine cannot be read"],
    ["glibc", "serve --trust trust.json", "the uWebSockets.js add-on does not load"],
  ])("a machine without fit %s: hufu %s", async (UNFIT, line, what) => {
    const preload = new URL("../../support/unfit-machine.mjs", import.meta.url).href;
    // Where it is not asked for, node:http takes its place.
    const uws = { HUFU_SOCKETS: UNFIT === "glibc" ? "uws" : "" };
    const { status, out, err } = await hufu(line, { ...uws, UNFIT, NODE_OPTIONS: `--import=${preload}` });
    expect(err).toMatch(sentence(what));
    expect([status, out]).toEqual([2, ""]);
  });
});
