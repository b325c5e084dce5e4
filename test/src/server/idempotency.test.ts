import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Idempotency, keyOf } from "../../../src/server/idempotency.js";
import { RawLine, postOf } from "../../support/raw.js";
import { type Station, startStation } from "../../support/server.js";
import { issueTo, present } from "../../support/make-presentation.js";
import { issuerKey } from "../../support/server.js";

const utf8 = new TextEncoder();

describe("answers that are kept", () => {
  it("are given again for a minute and no longer, to the party that asked", async () => {
    let now = 0;
    let asked = 0;
    const answers = new Idempotency(() => now);
    const ask = (party: string, body = "body") => answers.once(party, "key", utf8.encode(body), () => Promise.resolve(`${++asked}`)); // prettier-ignore
    expect([await ask("a"), await ask("a"), await ask("b")]).toEqual(["1", "1", "2"]);
    await expect(ask("a", "other")).rejects.toMatchObject({ code: "BAD_REQUEST", status: "409 Conflict" });
    now = 59_999;
    expect(await ask("a")).toBe("1");
    now = 60_000;
    expect(await ask("a", "other")).toBe("3");
    expect(answers.count).toBe(1);
  });

  it("are shared by those who ask at the same time, and refusals are not kept", async () => {
    const answers = new Idempotency();
    let refuse: (error: Error) => void = () => undefined;
    const work = () => new Promise<string>((_, reject) => (refuse = reject));
    const both = [0, 1].map(() => answers.once("", "key", utf8.encode("body"), work));
    refuse(new Error("no room"));
    for (const one of both) await expect(one).rejects.toThrow("no room");
    expect(await answers.once("", "key", utf8.encode("body"), () => Promise.resolve("room"))).toBe("room");
  });

  it("are bounded in number and in length", async () => {
    const answers = new Idempotency();
    const ask = (key: number, answer: string) => answers.once("", String(key), utf8.encode(""), () => Promise.resolve(answer)); // prettier-ignore
    for (let key = 0; key < 10_050; key++) await ask(key, "x");
    expect(answers.count).toBe(10_000);
    for (let key = 20_000; key < 20_050; key++) await ask(key, "x".repeat(1024 * 1024));
    expect(answers.count).toBe(32);
  });
});

describe("a key", () => {
  it.each([
    ["", undefined],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ["8e03978e", "8e03978e"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ])("%s is %s", (header, key) => {
    expect(keyOf(header)).toBe(key);
  });

  it.each(['"', '""', '"a', 'a"b', "é", "x".repeat(256), String.raw`"\x"`])("%s is none", (header) => {
    expect(() => keyOf(header)).toThrow("an Idempotency-Key is");
  });
});

describe("POST /v1/verify with an Idempotency-Key", () => {
  let station: Station;
  const now = () => Math.floor(Date.now() / 1000);
  beforeAll(async () => {
    station = await startStation();
  });
  afterAll(() => station.stop());

  const post = async (body: object, key: string): Promise<{ status: number; value: unknown }> => {
    const answer = await fetch(`http://127.0.0.1:${station.port}/v1/verify`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Idempotency-Key": `"${key}"` },
    });
    return { status: answer.status, value: await answer.json() };
  };

  it("gets the first answer again, and no other request does", async () => {
    const holder = issueTo(issuerKey, [[4, now() + 3600], [5, now() - 3600], [6, now() - 3600]]); // prettier-ignore
    const show = () => ({ qr: present(holder, { audience: "gate", at: now() }), audience: "gate" });
    const [key, body] = [randomUUID(), show()];
    const first = await post(body, key);
    expect(first).toMatchObject({ status: 200, value: { code: "VALID", replay: "gate" } });
    expect(await post(body, key)).toEqual(first);
    expect(await post(body, randomUUID())).toMatchObject({ value: { code: "REPLAYED" } });
    expect(await post(show(), key)).toMatchObject({ status: 409, value: { code: "BAD_REQUEST", status: 409 } });
    // What is no request has no answer to keep.
    const other = randomUUID();
    expect((await post({ qr: 5 }, other)).status).toBe(400);
    expect((await post({ qr: "BB8" }, other)).status).toBe(200);
  });

  it("has its answer kept for whoever lost the connection before it came", async () => {
    const items = Array.from({ length: 500 }, () => "BB8");
    const key = randomUUID();
    const line = new RawLine(station.port);
    await line.send(postOf(JSON.stringify({ items }), `Idempotency-Key: ${key}\r\n`));
    line.close();
    const { status, value } = await post({ items }, key);
    expect(status).toBe(200);
    expect((value as { verdicts: unknown[] }).verdicts).toHaveLength(500);
  });
});
