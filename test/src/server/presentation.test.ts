import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { HufuClient } from "../../../src/client/client.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf } from "../../support/make-card.js";
import { issueTo, present } from "../../support/make-presentation.js";
import { type ServeProcess, startServe } from "../../support/serve.js";

const issuer = generateKey(Algorithm.ED25519);
const now = (): number => Math.floor(Date.now() / 1000);
const valid: [number, unknown][] = [[4, now() + 3600], [5, now() - 3600], [6, now() - 3600]]; // prettier-ignore

describe("a presentation at a server's doors", () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-shown-"));
  const trust = join(folder, "trust.json");
  const env = { HUFU_STATE: join(folder, "state") };
  let server: ServeProcess;
  beforeAll(async () => {
    writeFileSync(trust, jwksOf([issuer]));
    server = await startServe(["--trust", trust], env);
  });
  afterAll(() => {
    server.process.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  async function ask(body: object): Promise<Verdict> {
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/verify`, { method: "POST", body: JSON.stringify(body) }); // prettier-ignore
    return (await answer.json()) as Verdict;
  }

  const holder = issueTo(issuer, valid);
  const show = (audience = "gate", at = now()): string => present(holder, { audience, at });

  it("is accepted once: a screenshot of it is not, by either door", async () => {
    const qr = show();
    const request = { qr, audience: "gate", claims: true };
    expect(await ask(request)).toMatchObject({
      code: "VALID",
      format: "presentation",
      replay: "gate",
      claims: { 4: "张秀英" },
    });
    const again = await ask(request);
    expect(again).toMatchObject({ outcome: "refused", code: "REPLAYED" });
    expect(again).not.toHaveProperty("claims");
    const client = new HufuClient(`ws://127.0.0.1:${server.port}`);
    expect((await client.verify(qr, { audience: "gate" })).code).toBe("REPLAYED");
    expect((await client.verify(show(), { audience: "gate" })).code).toBe("VALID");
    client.close();
  });

  it("gets the same answer again where the gate asks by its own number of the scan", async () => {
    const scan = randomUUID();
    const request = { qr: show(), audience: "gate", scan };
    expect((await ask(request)).code).toBe("VALID");
    expect((await ask(request)).code).toBe("VALID");
    const client = new HufuClient(`ws://127.0.0.1:${server.port}`);
    expect((await client.verify(request.qr, { audience: "gate", scan })).code).toBe("VALID");
    client.close();
    expect((await ask({ ...request, qr: show() })).code).toBe("BAD_REQUEST");
    expect((await ask({ ...request, scan: randomUUID() })).code).toBe("REPLAYED");
  });

  it("leaves no claim where it is refused, and every other refusal goes before", async () => {
    const qr = show("gate");
    expect((await ask({ qr, audience: "another gate" })).code).toBe("WRONG_AUDIENCE");
    expect((await ask({ qr })).code).toBe("WRONG_AUDIENCE");
    expect((await ask({ qr, audience: "gate" })).code).toBe("VALID");
    expect((await ask({ qr, audience: "another gate" })).code).toBe("WRONG_AUDIENCE");
    expect((await ask({ qr: show("gate", now() - 70), audience: "gate" })).code).toBe("PRESENTATION_STALE");
  });

  it("of a book is judged by when it was captured, and then nobody knows where else it was shown", async () => {
    const second = (ago: number): string => new Date((now() - ago) * 1000).toISOString();
    const old = { qr: show("gate", now() - 3_000), audience: "gate" };
    expect((await ask(old)).code).toBe("PRESENTATION_STALE");
    for (const [ago, code] of [
      [2_990, "VALID"],
      [2_930, "PRESENTATION_STALE"],
      [3_040, "PRESENTATION_STALE"],
    ] as const) {
      expect((await ask({ ...old, captured: second(ago) })).code, String(ago)).toBe(code);
    }
    expect(await ask({ ...old, captured: second(2_990) })).toMatchObject({ code: "VALID", replay: "unchecked" });
    // What is remembered is asked, and nothing was captured after now.
    const fresh = { qr: show(), audience: "gate", captured: second(0) };
    expect(await ask(fresh)).toMatchObject({ code: "VALID", replay: "gate" });
    expect((await ask(fresh)).code).toBe("REPLAYED");
    const ahead = { qr: show("gate", now() + 600), audience: "gate", captured: second(-600) };
    expect((await ask(ahead)).code).toBe("PRESENTATION_STALE");
  });

  it("is made for a purpose, or signs the number that the gate shows", async () => {
    const purpose = "rail-boarding";
    expect((await ask({ qr: show(`purpose:${purpose}`), purpose })).code).toBe("VALID");
    const numbered = present(holder, { audience: "gate", at: now(), nonce: "481 516" });
    expect((await ask({ qr: numbered, audience: "gate", nonce: "481 517" })).code).toBe("PRESENTATION_STALE");
    expect((await ask({ qr: numbered, audience: "gate", nonce: "481 516" })).code).toBe("VALID");
  });

  it("is by the holder's key or refused, and a bare credential proves nothing", async () => {
    const stolen = present(holder, { audience: "gate", at: now(), by: generateKey(Algorithm.ED25519) });
    expect((await ask({ qr: stolen, audience: "gate" })).code).toBe("BAD_HOLDER_SIGNATURE");
  });

  it("one phone cannot fill the store: of one credential eight are remembered, and the next is BUSY", async () => {
    const eager = issueTo(issuer, valid);
    const codes: string[] = [];
    for (let i = 0; i < 10; i++) codes.push((await ask({ qr: present(eager, { audience: "gate", at: now() }), audience: "gate" })).code); // prettier-ignore
    expect(codes).toEqual([...Array<string>(8).fill("VALID"), "BUSY", "BUSY"]);
  });

  it("is remembered over a restart, however that comes", async () => {
    const other = issueTo(issuer, valid);
    const qr = present(other, { audience: "gate", at: now() });
    expect((await ask({ qr, audience: "gate" })).code).toBe("VALID");
    server.process.kill("SIGKILL");
    await server.ended;
    server = await startServe(["--trust", trust], env);
    expect((await ask({ qr, audience: "gate" })).code).toBe("REPLAYED");
  });
});
