import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { STATUS_FILE } from "../../../src/format/feed.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf } from "../../support/make-card.js";
import { FATES, foundNation } from "../../support/nation.js";
import { hufuPath as hufu, type ServeProcess, startServe } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-serve-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Verdicts {
  verdicts: { code: string }[];
}

function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [hufu, ...args], { env: { ...process.env, ...env } }, (_, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

describe("hufu serve", () => {
  it("serves, and stops cleanly at SIGTERM", async () => {
    const server = await startServe(["--trust", trust]);
    const port = String(server.port);
    const body = JSON.stringify({ qr: card, at: at.toISOString() });
    const answer = await fetch(`http://127.0.0.1:${port}/v1/verify`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ code: "VALID" });
    const second = await run(["serve", "--port", port, "--trust", trust]);
    expect(second.code).toBe(2);
    expect(second.err).toBe(
      `hufu: port ${port} on 127.0.0.1 is in use; stop what uses it or choose another with --port.\n`,
    );
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect(server.log()).toContain('"msg":"stopped"');
  });

  it.each([
    [["serve"], "name at least one trust source"],
    [["serve", "--trust", "nonesuch"], "cannot read --trust nonesuch"],
    [["serve", "--trust", hufu], `cannot use ${hufu}`],
    [["serve", "--port", "x", "--trust", trust], "port (flag, HUFU_PORT) is wrong"],
  ])("%j ends with 2 and one sentence", async (args, sentence) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});

describe("hufu serve and its feed", () => {
  const nation = foundNation();
  const body = JSON.stringify({ items: nation.cards });
  const list = join(folder, "list.hufu");
  beforeAll(async () => {
    writeFileSync(list, await nation.trustList());
  });
  const codesOf = async ({ port }: ServeProcess, headers: Record<string, string> = {}): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/verify`, { method: "POST", body, headers });
    return answer.ok ? ((await answer.json()) as Verdicts).verdicts.map(({ code }) => code) : [String(answer.status)];
  };
  const readyOf = async ({ port }: ServeProcess): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return [answer.status, await answer.text()];
  };
  const linesOf = ({ log }: ServeProcess, message: string): number => log().split(`"msg":"${message}`).length - 1;
  const UNKNOWN = ["STATUS_UNKNOWN", "STATUS_UNKNOWN", "STATUS_UNKNOWN"];

  it("listens while a feed hangs, says that it is not ready, and obeys SIGTERM at once", async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
    const place = `http://user:hidden@127.0.0.1:${(hanging.address() as AddressInfo).port}/?key=hidden`;
    const server = await startServe(["--feed", place, "--status-max-age", "60", "--state", join(folder, "hung")]);
    expect(await codesOf(server)).toEqual(UNKNOWN);
    const [status, why] = await readyOf(server);
    expect(status).toBe(503);
    expect(why).toMatch(/^not ready\nNO_TRUST: [^]*FEED_AWAITED: /);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/livez`)).text()).toBe("alive\n");
    const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    expect(metrics).toMatch(/^hufu_ready 0$/m);
    server.process.kill("SIGTERM");
    const began = performance.now();
    expect(await server.ended).toBe(0);
    // Thirty seconds, when it was waited for.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(server.log() + why + metrics).not.toContain("hidden");
    hanging.closeAllConnections();
    hanging.close();
  });

  it("becomes ready by itself, with one line in the log for each change", async () => {
    const feed = join(folder, "feed");
    const server = await startServe(["--trust", list, "--feed", feed]);
    expect(await codesOf(server)).toEqual(UNKNOWN);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    mkdirSync(feed);
    writeFileSync(join(feed, STATUS_FILE), await nation.snapshot());
    await expect.poll(() => readyOf(server), { timeout: 30_000 }).toEqual([200, "ready\n"]);
    expect(await codesOf(server)).toEqual(FATES);
    await expect.poll(() => linesOf(server, "ready"), { timeout: 10_000 }).toBe(1);
    expect(linesOf(server, "not ready")).toBe(1);
    expect(linesOf(server, "the feed cannot be read")).toBe(1);
    expect(linesOf(server, "the feed can be read again")).toBe(1);
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  it("without status and without a feed is not ready, unless it was told to go without", async () => {
    const server = await startServe(["--trust", list]);
    expect([await codesOf(server), (await readyOf(server))[0]]).toEqual([UNKNOWN, 503]);
    server.process.kill("SIGTERM");
    const knowingly = await startServe(["--trust", list], { HUFU_WITHOUT_STATUS: "1" });
    expect(await codesOf(knowingly)).toEqual(["VALID", "VALID", "VALID"]);
    expect([(await readyOf(knowingly))[0], linesOf(knowingly, "going without status")]).toEqual([200, 1]);
    knowingly.process.kill("SIGTERM");
    expect(await Promise.all([server.ended, knowingly.ended])).toEqual([0, 0]);
  });

  it("takes other keys at SIGHUP in the place of those of a JWK set", async () => {
    const keys = join(folder, "keys.json");
    writeFileSync(keys, jwksOf([generateKey(Algorithm.P256)]));
    const server = await startServe(["--trust", keys]);
    const codeOf = async (): Promise<string> => {
      const asked = JSON.stringify({ qr: card, at: at.toISOString() });
      const answer = await fetch(`http://127.0.0.1:${server.port}/v1/verify`, { method: "POST", body: asked });
      return ((await answer.json()) as { code: string }).code;
    };
    expect(await codeOf()).toBe("UNKNOWN_ISSUER");
    writeFileSync(keys, jwksOf([issuerKey]));
    server.process.kill("SIGHUP");
    await expect.poll(codeOf, { timeout: 10_000 }).toBe("VALID");
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  it("does not start where it cannot keep what must outlive a restart", async () => {
    const { code, err } = await run(["serve", "--trust", list, "--port", "0", "--state", join(trust, "below")]);
    expect(err).toMatch(/^hufu: the state folder \S+ cannot be written: [^\n]+; name one that can be [^\n]+\n$/);
    expect(code).toBe(2);
  });

  it("reads again at SIGHUP what was named by hand, and keeps what it had where that is wrong", async () => {
    const names = ["policy.json", "tokens.json", "named.hufu", "named-status.hufu"];
    const [policy = "", tokens = "", named = "", status = ""] = names.map((name) => join(folder, name));
    const rule = (purpose: string): string => JSON.stringify({ hufuPolicy: 1, rules: [{ purpose }] });
    writeFileSync(policy, rule("rail-boarding"));
    writeFileSync(tokens, JSON.stringify([{ token: "first-token" }]));
    writeFileSync(named, await nation.trustList());
    writeFileSync(status, await nation.snapshot());
    const args = ["--policy", policy, "--tokens", tokens, "--trust", named, "--status", status];
    const server = await startServe([...args, "--state", join(folder, "reloading")]);
    const asked = (token: string): Promise<string[]> => codesOf(server, { authorization: `Bearer ${token}` });
    const hangUp = async (): Promise<void> => {
      const before = linesOf(server, "SIGHUP");
      server.process.kill("SIGHUP");
      await expect.poll(() => linesOf(server, "SIGHUP"), { timeout: 10_000 }).toBe(before + 1);
    };
    expect([await asked("first-token"), await asked("second-token")]).toEqual([FATES, ["401"]]);
    for (const file of [policy, tokens, named]) writeFileSync(file, "garbage");
    await hangUp();
    await expect.poll(() => linesOf(server, "not taken"), { timeout: 10_000 }).toBe(3);
    expect(await asked("first-token")).toEqual(FATES);
    writeFileSync(policy, rule("bank-account"));
    writeFileSync(tokens, JSON.stringify([{ token: "second-token" }]));
    writeFileSync(named, await nation.trustList({ epoch: 11 }));
    writeFileSync(status, await nation.snapshot({ epoch: 21 }));
    await hangUp();
    await expect.poll(() => linesOf(server, "read again"), { timeout: 10_000 }).toBe(4);
    expect([await asked("first-token"), await asked("second-token")]).toEqual([["401"], FATES]);
    const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    expect(metrics).toMatch(/^hufu_trust_epoch 11$/m);
    expect(metrics).toMatch(/^hufu_status_epoch 21$/m);
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });
});

describe("hufu config", () => {
  it("shows settings with their sources, and no secret", async () => {
    const { code, out } = await run(["config", "--port", "99"], { CI: "true", HUFU_TOKEN: "very-secret-token" });
    expect(code).toBe(0);
    expect(out).toMatch(/^port +99 +flag/m);
    expect(out).toMatch(/^token +\*{8} +environment/m);
    expect(out).not.toContain("very-secret-token");
  });

  it("shows where a feed is, and no secret in its address", async () => {
    const address = "https://user:hidden@authority.example/feed?sig=hidden";
    for (const args of [["config"], ["config", "--json"]]) {
      const { code, out } = await run(args, { HUFU_FEED: address });
      expect(code).toBe(0);
      expect(out).toContain("https://********@authority.example/feed?sig=********");
      expect(out).not.toContain("hidden");
    }
    const { out } = await run(["config", "--json"], { HUFU_WITHOUT_STATUS: "true", HUFU_STATE: "" });
    expect(JSON.parse(out)).toMatchObject({
      withoutStatus: { value: true, source: "environment" },
      state: { source: "default" },
    });
  });
});
