import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot-builder.js";
import { STATUS_FILE, TRUST_FILE } from "../../../src/format/feed.js";
import { encodeTrustList } from "../../../src/format/trust-list.js";
import { jwksOf } from "../../support/make-card.js";
import { hufuPath as hufu, startServe } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";
import { sourceOf, statusSigner } from "../../support/universe.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-serve-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

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

describe("hufu config and doctor", () => {
  it("shows settings with their sources, and no secret", async () => {
    const { code, out } = await run(["config", "--port", "99"], { CI: "true", HUFU_TOKEN: "very-secret-token" });
    expect(code).toBe(0);
    expect(out).toMatch(/^port +99 +flag/m);
    expect(out).toMatch(/^token +\*{8} +environment/m);
    expect(out).not.toContain("very-secret-token");
  });

  it("finds this machine fit", async () => {
    const { code, out } = await run(["doctor", "--port", "0", "--trust", trust, "--json"]);
    expect(code).toBe(0);
    expect((JSON.parse(out) as { good: boolean }[]).map(({ good }) => good)).toEqual(
      Array.from({ length: 7 }, () => true),
    );
  });

  it("tells what of a feed would be in force, and when it is stale", async () => {
    const now = Math.floor(Date.now() / 1000);
    const { signer, trust: status } = statusSigner("Pilot District");
    const list = {
      ...{ authority: "Pilot District", epoch: 7, issuedAt: now - 60, expires: now + 60, keys: [...status.keys] },
      root: { algorithm: issuerKey.algorithm, publicKey: issuerKey.publicKey },
    };
    writeFileSync(join(folder, TRUST_FILE), await encodeTrustList(list, (message) => issuerKey.sign(message)));
    const claims = { issuer: "Pilot District", epoch: 3, universe: now - 100, expires: now - 10 };
    const { head, body } = await buildSnapshot(sourceOf([]), { ...claims, signer, threads: 0 });
    writeFileSync(join(folder, STATUS_FILE), Buffer.concat([head, body]));
    const { code, out } = await run(["doctor", "--port", "0", "--feed", folder], { CI: "true" });
    expect(out).toMatch(/^good +trust list +1 key, epoch 7, until \d{4}-/m);
    expect(out).toMatch(/^bad +status +Pilot District, epoch 3, 1\d\d s old, stale since \d{4}-/m);
    expect(code).toBe(1);
  });
});
