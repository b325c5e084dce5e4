import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import type { VerdictsFrame } from "../../../src/format/wire/frame.js";
import { Quota } from "../../../src/server/quota.js";
import { openLine, question } from "../../support/line.js";
import { type Station, startStation } from "../../support/server.js";

describe("a quota", () => {
  it("of a rate gathers for a second, and may be overdrawn by what was begun", () => {
    let now = 0;
    const quota = new Quota({ rate: 100 }, () => now);
    expect([quota.room, quota.waitFor(128)]).toEqual([100, 0]);
    quota.take(128);
    expect([quota.room, quota.waitFor(1)]).toEqual([-28, 281]);
    now = 281;
    expect([quota.room, quota.waitFor(1)]).toEqual([1, 0]);
    now = 60_000;
    expect(quota.room).toBe(100);
  });

  it("of a concurrency is had again when answers are there; more than it all is asked alone", () => {
    const quota = new Quota({ concurrency: 3 });
    expect(quota.waitFor(5)).toBe(0);
    quota.take(5);
    expect([quota.room, quota.waitFor(1)]).toEqual([-2, 20]);
    quota.give(5);
    quota.take(1);
    expect([quota.room, quota.waitFor(2), quota.waitFor(3)]).toEqual([2, 0, 20]);
  });
});

describe("a party", () => {
  let station: Station;
  const tokens = [
    { token: "slow-gate", at: true, rate: 1, lane: "gate" as const },
    { token: "slow-bank", at: true, rate: 500, concurrency: 100, lane: "bulk" as const },
    { token: "one-by-one", at: true, concurrency: 1 },
    { token: "any-party", at: true },
  ];
  beforeAll(async () => {
    station = await startStation({ tokens });
  });
  afterAll(() => station.stop());

  it("at a gate hears BUSY beyond its rate, and when to ask again; others are served", async () => {
    const gate = (token: string) => openLine(station.url, ["hufu.v1+msgpack", `hufu.token.${token}`], { lane: "gate" });
    const line = await gate("slow-gate");
    // What is saved may be overdrawn by one frame.
    for (let seq = 0; seq < 5; seq++) {
      line.send(question(seq, ["BB8", "BB8", "BB8", "BB8"]));
      await line.received(seq + 2);
    }
    const answers = line.frames.slice(1) as VerdictsFrame[];
    expect(answers.map(({ verdicts }) => verdicts[0]?.code)).toEqual(["BAD_ZLIB", "BUSY", "BUSY", "BUSY", "BUSY"]); // prettier-ignore
    for (const { verdicts } of answers.slice(1)) {
      const { retryAfterMs = 0 } = verdicts[3] ?? {};
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(retryAfterMs).toBeLessThanOrEqual(3_001);
    }
    const other = await gate("any-party");
    other.send(question(0, ["BB8"]));
    expect((await other.received(2))[1]).toMatchObject({ verdicts: [{ code: "BAD_ZLIB" }] });
    const http = await post("slow-gate", 1);
    expect(http.status).toBe(429);
    expect(http.headers.get("retry-after")).toMatch(/^[123]$/);
    expect(await http.json()).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: expect.any(Number) as number });
    for (const one of [line, other]) one.close();
  });

  it("with bulk work is slowed, not refused", async () => {
    const began = performance.now();
    const client = new HufuClient(station.url, { token: "slow-bank" });
    let answers = 0;
    for await (const { code } of client.verifyMany(Array.from({ length: 1_200 }, () => "BB8"))) {
      expect(code).toBe("BAD_ZLIB");
      answers++;
    }
    client.close();
    expect(answers).toBe(1_200);
    // A second's worth was saved, and the last may be overdrawn.
    expect(performance.now() - began).toBeGreaterThan(((1_200 - 500 - 128) / 500) * 1_000);
  });

  it("has the credits that its concurrency allows, in each of its sessions", async () => {
    for (const [token, lane, items] of [
      ["slow-bank", "bulk", 100],
      ["one-by-one", "gate", 1],
    ] as const) {
      const line = await openLine(station.url, ["hufu.v1+msgpack", `hufu.token.${token}`], { lane });
      expect(line.frames[0]).toMatchObject({ credits: { items } });
      line.close();
    }
  });

  it("has no more at work at a time than it may, by whatever door", async () => {
    const statuses = new Set<number>();
    // On a busy machine they may all come one after another.
    for (let round = 0; round < 50 && !statuses.has(429); round++) {
      const burst = await Promise.all(Array.from({ length: 20 }, () => post("one-by-one", 1)));
      for (const { status } of burst) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([200, 429]));
    // As bulk work it waits.
    expect((await Promise.all([post("one-by-one", 50), post("one-by-one", 50)])).map(({ status }) => status)).toEqual([200, 200]); // prettier-ignore
    expect((await post("one-by-one", 1)).status).toBe(200);
  });

  function post(token: string, count: number): Promise<Response> {
    const body = JSON.stringify({ items: Array.from({ length: count }, () => "BB8") });
    const headers = { authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${station.port}/v1/verify`, { method: "POST", body, headers });
  }
});
