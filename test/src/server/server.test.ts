import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "node:net";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { type RunningServer, startServer } from "../../../src/server/server.js";
import { coseSign1, jwksOf, makeCard, NOW, payload, qrOf } from "../../support/make-card.js";
import { generateKey } from "../../support/keys.js";

const key = generateKey(Algorithm.ED25519);
const at = new Date(NOW * 1000).toISOString();
const card = makeCard(key);
const forgedCose = coseSign1(key);
forgedCose[forgedCose.length - 1]! ^= 1;
const forged = qrOf(forgedCose);
const expired = makeCard(key, { payload: payload([[4, NOW - 1]]) });

let verifier: Verifier;
let server: RunningServer;
let url: string;
const errors: unknown[] = [];

beforeAll(async () => {
  verifier = await Verifier.create({ trust: jwksOf([key]), workers: 1 });
  server = await startServer(verifier, {
    host: "127.0.0.1",
    port: 0,
    version: "1.2.3",
    perAddress: 32,
    pages: new Map([["/", { type: "text/html", body: "<p>tally</p>" }]]),
    onError: (error) => errors.push(error),
  });
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server.close();
  await verifier.close();
  expect(errors).toEqual([]);
});

async function post(body: unknown, path = "/v1/verify"): Promise<{ status: number; type: string; value: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(url + path, { method: "POST", body: text });
  return { status: answer.status, type: answer.headers.get("content-type") ?? "", value: await answer.json() };
}

/** Bytes as they are, and everything that comes back until the server closes. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(server.port, "127.0.0.1", () => socket.write(request));
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (answer += chunk));
    socket.on("close", () => {
      resolve(answer);
    });
    socket.on("error", reject);
  });
}

describe("POST /v1/verify", () => {
  it("gives the verdict on one text", async () => {
    const { status, value } = await post({ qr: card, at });
    expect(status).toBe(200);
    expect(value).toMatchObject({
      outcome: "accepted",
      code: "VALID",
      tier: "full",
      alg: "EdDSA",
      status: "unchecked",
    });
    expect((await post({ qr: forged, at })).value).toMatchObject({ outcome: "refused", code: "BAD_ISSUER_SIGNATURE" });
    expect((await post({ qr: "", at })).value).toMatchObject({ outcome: "refused" });
  });

  it("gives claims only when asked", async () => {
    expect((await post({ qr: card, at })).value).not.toHaveProperty("claims");
    expect((await post({ qr: card, at, claims: true })).value).toMatchObject({ claims: { 4: "张秀英" } });
    expect((await post({ qr: forged, at, claims: true })).value).not.toHaveProperty("claims");
  });

  it("refuses a body that is not UTF-8, and takes one with a byte order mark", async () => {
    const send = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
      fetch(`${url}/v1/verify`, { method: "POST", body });
    const wrong = await send(Buffer.concat([Buffer.from('{"qr":"'), Buffer.of(0xff), Buffer.from('"}')]));
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ code: "BAD_REQUEST", detail: "the body is not JSON in UTF-8" });
    expect((await send(Buffer.from('\ufeff{"qr":"BB8"}'))).status).toBe(200);
  });

  it("keeps the order of up to 1,000 items", async () => {
    const texts = [card, forged, expired, "BB8"];
    const codes = ["VALID", "BAD_ISSUER_SIGNATURE", "EXPIRED", "BAD_ZLIB"];
    // Mostly texts that are refused early: the order is what is tested.
    const picks = Array.from({ length: 1000 }, (_, i) => (i % 50 === 0 ? (i / 50) % 3 : 3));
    const { status, value } = await post({ items: picks.map((pick) => ({ qr: texts[pick] })), at });
    expect(status).toBe(200);
    expect((value as { verdicts: { code: string }[] }).verdicts.map(({ code }) => code)).toEqual(
      picks.map((pick) => codes[pick]),
    );
  });

  it("lets each item ask for itself, over what is asked of all", async () => {
    const items = [card, { qr: card }, { qr: card, claims: false }, { qr: card, at: "2000-01-01T00:00:00Z" }];
    const { value } = await post({ items, at, claims: true });
    const { verdicts } = value as { verdicts: { code: string; claims?: unknown }[] };
    expect(verdicts.map(({ code }) => code)).toEqual(["VALID", "VALID", "VALID", "NOT_YET_VALID"]);
    expect(verdicts.map(({ claims }) => claims !== undefined)).toEqual([true, true, false, false]);
  });

  it.each([
    ["no JSON", "{", "the body is not JSON"],
    ["another type", "[]", "the body"],
    ["nothing", "{}", "qr"],
    ["a field it does not know", { qr: "", purpos: "rail-boarding" }, "purpos"],
    ["a region that is none", { qr: "", region: "11" }, "region"],
    ["a time without zone", { qr: "", at: "2026-10-01T08:00:00" }, "at"],
    ["an audience that is too long", { qr: "", audience: "x".repeat(257) }, "audience"],
    ["an audience of one item", { items: [{ qr: "", audience: 1 }] }, "items.0.audience"],
    ["no items", { items: [] }, "items"],
    ["1,001 items", { items: Array.from({ length: 1001 }, () => ({ qr: "" })) }, "items"],
    ["items that are neither texts nor maps", { items: [1] }, "items.0"],
    ["items with a field it does not know", { items: [{ qr: "", purpos: "rail-boarding" }] }, "purpos"],
    ["items with a field that is wrong", { items: [{ qr: "", region: "11" }] }, "items.0.region"],
  ])("refuses %s", async (_, body, where) => {
    const { status, type, value } = await post(body);
    expect(status).toBe(400);
    expect(type).toBe("application/problem+json");
    expect(value).toMatchObject({ code: "BAD_REQUEST", status: 400, type: "about:blank" });
    expect((value as { detail: string }).detail).toContain(where);
    expect((value as { requestId: string }).requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("refuses a body over the limit, told or untold", async () => {
    const length = 5 * 1024 * 1024 + 1;
    const told = await raw(`POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n{`);
    expect(told).toMatch(/^HTTP\/1.1 413 /);
    const { status, value } = await post(`{"qr":"${"A".repeat(length)}"}`);
    expect(status).toBe(413);
    expect(value).toMatchObject({ code: "TOO_LARGE" });
  });

  it("refuses requests whose extent is in doubt, and does not run the rest", async () => {
    const twice = ["Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nTransfer-Encoding: chunked"];
    for (const headers of twice) {
      const request = `POST /v1/verify HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n{}`;
      if (headers === twice[0]) expect(await raw(request)).toMatch(/^HTTP\/1.1 400 /);
      expect(await raw(`${request}GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n`)).not.toContain("1.2.3");
    }
  });

  it("survives peers that go away in the middle", async () => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const socket = connect(server.port, "127.0.0.1");
        const body = JSON.stringify({ items: Array.from({ length: 500 }, () => ({ qr: "BB8" })) });
        socket.write(`POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`);
        socket.write(i % 2 === 0 ? body : body.slice(0, 1000));
        await new Promise((resolve) => setTimeout(resolve, i));
        socket.destroy();
      }),
    );
    expect((await post({ qr: card, at })).value).toMatchObject({ code: "VALID" });
  });
});

describe("the rest of HTTP", () => {
  it("tells that it lives, is ready, its version, and its interface", async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/version`)).json()).toEqual({ name: "hufu", version: "1.2.3" });
    const api = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(api.openapi).toBe("3.1.0");
    for (const path of Object.keys(api.paths)) expect((await fetch(url + path)).status, path).not.toBe(404);
    expect((await fetch(`${url}/livez`, { method: "HEAD" })).status).toBe(200);
  });

  it("counts verdicts by code", async () => {
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/^hufu_verdicts_total\{door="http",lane="gate",code="EXPIRED"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const before = await count();
    await post({ items: [{ qr: expired }, { qr: card }, { qr: expired }], at });
    expect(await count()).toBe(before + 2);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^hufu_slabs 32$/m);
  });

  it("serves its pages, closed to the outside", async () => {
    const answer = await fetch(url);
    expect(await answer.text()).toBe("<p>tally</p>");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'self'");
  });

  it("refuses other addresses, other methods, and streams without WebSocket", async () => {
    expect((await fetch(`${url}/v1/verdict`)).status).toBe(404);
    const answer = await fetch(`${url}/v1/verify`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    expect((await fetch(`${url}/v1/stream`)).status).toBe(426);
  });
});

describe("start and stop", () => {
  it("says in one sentence why it cannot listen", async () => {
    const options = { host: "127.0.0.1", version: "1" };
    await expect(startServer(verifier, { ...options, port: server.port })).rejects.toThrow(
      `port ${server.port} on 127.0.0.1 is in use`,
    );
    await expect(startServer(verifier, { ...options, host: "192.0.2.1", port: 0 })).rejects.toThrow(
      "192.0.2.1 is no address of this machine",
    );
  });

  it("demands the token", async () => {
    const guarded = await startServer(verifier, {
      host: "127.0.0.1",
      port: 0,
      version: "1",
      tokens: [{ token: "s3cret" }],
    });
    const ask = async (authorization?: string): Promise<number> => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const body = JSON.stringify({ qr: card });
      return (await fetch(`http://127.0.0.1:${guarded.port}/v1/verify`, { method: "POST", body, headers })).status;
    };
    expect(await ask()).toBe(401);
    expect(await ask("Bearer s3cre")).toBe(401);
    expect(await ask("Basic s3cret")).toBe(401);
    expect(await ask("Bearer s3cret")).toBe(200);
    await guarded.close();
  });

  it("keeps a token to its scope", async () => {
    const tokens = [
      { token: "gate", purposes: ["rail-boarding"], claims: false, at: true },
      { token: "bank", at: true },
      { token: "desk", regions: ["1101"], claims: [4], at: true },
      { token: "hall" },
    ];
    const scoped = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "1", tokens });
    const ask = async (token: string, body: object): Promise<unknown[]> => {
      const request = { method: "POST", body: JSON.stringify(body), headers: { authorization: `Bearer ${token}` } };
      const answer = await fetch(`http://127.0.0.1:${scoped.port}/v1/verify`, request);
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await ask("gate", { qr: card, at, purpose: "rail-boarding" })).toEqual([200, "VALID"]);
    expect(await ask("gate", { qr: card, at, purpose: "bank-account" })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("gate", { qr: card, at })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("gate", { qr: card, at, purpose: "rail-boarding", claims: true })).toEqual([403, "FORBIDDEN"]);
    const items = [{ qr: card }, { qr: card, purpose: "bank-account" }];
    expect(await ask("gate", { items, purpose: "rail-boarding" })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("bank", { qr: card, at, purpose: "rail-boarding", claims: true })).toEqual([200, "VALID"]);
    expect(await ask("desk", { qr: card, at, region: "110105" })).toEqual([200, "VALID"]);
    expect(await ask("desk", { qr: card, at, region: "110200" })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("desk", { qr: card, at })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("hall", { qr: card, at })).toEqual([403, "FORBIDDEN"]);
    expect(await ask("hall", { items: [{ qr: card, at }] })).toEqual([403, "FORBIDDEN"]);
    expect((await ask("hall", { qr: card }))[0]).toBe(200);
    await scoped.close();
  });

  it("makes many texts wait for room, and answers few BUSY while there is none", async () => {
    const small = await Verifier.create({ trust: jwksOf([key]), workers: 1, slabs: 1 });
    const busy = await startServer(small, { host: "127.0.0.1", port: 0, version: "1" });
    const to = (path: string): string => `http://127.0.0.1:${busy.port}${path}`;
    const answer = async (count: number): Promise<Response> => {
      const body = JSON.stringify({ items: Array.from({ length: count }, () => ({ qr: "BB8" })), at });
      return fetch(to("/v1/verify"), { method: "POST", body });
    };
    const codesOf = async (response: Response): Promise<string[]> => {
      const { verdicts } = (await response.json()) as { verdicts: { code: string }[] };
      return verdicts.map(({ code }) => code);
    };
    const banks = await Promise.all(Array.from({ length: 8 }, () => answer(200)));
    for (const bank of banks) expect(new Set(await codesOf(bank))).toEqual(new Set(["BAD_ZLIB"]));
    // Whoever takes the slab again at once when it is given back leaves none to others.
    let isTaken = true;
    const requirements = small.requirementsOf({});
    const take = (): void => {
      if (isTaken) small.submitMany(["BB8"], () => requirements, take);
    };
    take();
    const { status, headers } = await answer(3);
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    const text = await (await fetch(to("/metrics"))).text();
    expect(text).toMatch(/^hufu_verdicts_total\{door="http",lane="gate",code="BUSY"\} 3$/m);
    expect(text).toMatch(/^hufu_request_duration_seconds_count\{door="http"\} 9$/m);
    isTaken = false;
    expect((await answer(3)).status).toBe(200);
    await busy.close();
    await small.close();
  });

  it("answers what is in work before it stops", async () => {
    const other = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "1" });
    const body = JSON.stringify({
      items: Array.from({ length: 1000 }, (_, i) => ({ qr: i < 100 ? card : "BB8" })),
      at,
    });
    const asked = fetch(`http://127.0.0.1:${other.port}/v1/verify`, { method: "POST", body });
    while (verifier.stats.slabsFree === verifier.stats.slabs) await new Promise((resolve) => setImmediate(resolve));
    await other.close();
    const { verdicts } = (await (await asked).json()) as { verdicts: { code: string }[] };
    expect(verdicts).toHaveLength(1000);
    await expect(fetch(`http://127.0.0.1:${other.port}/livez`)).rejects.toThrow();
  });
});
