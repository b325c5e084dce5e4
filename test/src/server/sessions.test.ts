import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VerdictsFrame } from "../../../src/format/wire/frame.js";
import { identity, makeCard, payload } from "../../support/make-card.js";
import { JSON_TWIN, Line, MSGPACK, openLine, question } from "../../support/line.js";
import { at, card, issuerKey, type Station, startStation } from "../../support/server.js";

let station: Station;
const tokens = [
  { token: "bank-bank", at: true, match: true },
  { token: "gate-gate", at: true, lane: "gate" as const },
];
beforeAll(async () => {
  station = await startStation({ tokens, credits: 2_000 });
});
afterAll(() => station.stop());

const newId = (): string => randomBytes(16).toString("hex");
const bank = (hello = {}) => openLine(station.url, [...MSGPACK, "hufu.token.bank-bank"], hello);
const gate = (hello = {}) => openLine(station.url, [...MSGPACK, "hufu.token.gate-gate"], { lane: "gate", ...hello });
const many = (count: number) => Array.from({ length: count }, () => card);

describe("a session", () => {
  it("is owed over another connection what it asked for over one that is lost", async () => {
    const session = newId();
    const lost = await bank({ session });
    expect(lost.frames[0]).toMatchObject({ type: "welcome", session, resumed: false });
    for (const seq of [0, 1]) lost.send(question(seq, many(900)));
    // Heard, and not waited for.
    lost.send(question(2, many(3)));
    await expect.poll(frames).toBeGreaterThanOrEqual(4);
    lost.cut();
    await lost.closed;
    const next = await bank({ session });
    expect(next.frames[0]).toMatchObject({ type: "welcome", session, resumed: true });
    // What the client has no answer to it asks again: of what the lost line has carried, and of what is kept.
    const had = new Set(lost.frames.slice(1).map((frame) => (frame as VerdictsFrame).seq));
    const counts = [900, 900, 3];
    for (const seq of [0, 1, 2]) if (!had.has(seq)) next.send(question(seq, many(counts[seq]!)));
    const answers = (await next.received(4 - had.size)).slice(1) as VerdictsFrame[];
    expect(answers.map(({ seq }) => seq).sort()).toEqual([0, 1, 2].filter((seq) => !had.has(seq)));
    for (const { seq, verdicts } of answers) expect(verdicts).toHaveLength(counts[seq]!);
    await sleep(50);
    expect(next.frames).toHaveLength(4 - had.size);
    next.close();
  });

  it("is carried by one connection: the older is closed with 4409", async () => {
    const session = newId();
    const older = await bank({ session });
    const newer = await bank({ session });
    expect((await older.closed).code).toBe(4409);
    expect(newer.frames[0]).toMatchObject({ resumed: true });
    newer.send(question(0, ["BB8"]));
    expect((await newer.received(2))[1]).toMatchObject({ seq: 0 });
    newer.close();
  });

  it("answers to the token that opened it, and in its own lane", async () => {
    const session = newId();
    const first = await bank({ session, lane: "gate" });
    const other = await gate({ session });
    expect(other.frames[0]).toMatchObject({ session, resumed: false });
    first.close();
    await first.closed;
    const bulk = await bank({ session, lane: "bulk" });
    expect(bulk.frames[0]).toMatchObject({ session, resumed: false, credits: { items: 2_000 } });
    for (const line of [other, bulk]) line.close();
  });

  it("is what its first frame says: a question without a greeting is a gate's", async () => {
    const line = new Line(station.url, [...MSGPACK, "hufu.token.bank-bank"]);
    await line.opened;
    line.send(question(4, many(4)));
    const [welcome, answer] = await line.received(2);
    expect(welcome).toMatchObject({ type: "welcome", resumed: false, credits: { items: 4 }, limits: { items: 4 } });
    expect(answer).toMatchObject({ type: "verdicts", seq: 4 });
    line.send(question(5, many(5)));
    expect((await line.closed).code).toBe(4429);
  });

  it("begins though the client waits to be welcomed, and may then be named after all", async () => {
    const line = new Line(station.url, [...JSON_TWIN, "hufu.token.bank-bank"]);
    expect((await line.received(1))[0]).toMatchObject({ type: "welcome", credits: { items: 4 } });
    const session = newId();
    line.send(JSON.stringify({ type: "hello", session, lane: "bulk" }));
    expect((await line.received(2))[1]).toMatchObject({ type: "welcome", session, credits: { items: 2_000 } });
    line.send(JSON.stringify({ type: "hello", session, lane: "bulk" }));
    expect(await line.closed).toEqual({ code: 4400, reason: "hello is the first frame of a connection" });
  });

  it("has its greeting's fields asked of every text that does not say otherwise", async () => {
    const named = makeCard(issuerKey, { payload: payload([[169, identity([[4, "欧阳样例"]])]]) });
    const line = await bank({ claims: true });
    const items = [named, { qr: named, expect: { name: "欧阳样例" } }, { qr: named, expect: { name: "张三" } }];
    line.send(question(0, items as never));
    line.send(question(1, [named], { claims: false }));
    const answers = (await line.received(3)).slice(1) as VerdictsFrame[];
    const bySeq = new Map(answers.map(({ seq, verdicts }) => [seq, verdicts]));
    expect(bySeq.get(0)).toMatchObject([
      { code: "VALID", claims: { "4": "欧阳样例" } },
      { code: "VALID", claims: { "4": "欧阳样例" }, matches: { name: "match" } },
      { code: "IDENTITY_MISMATCH", matches: { name: "differs" } },
    ]);
    expect(bySeq.get(1)![0]).not.toHaveProperty("claims");
    line.close();
  });

  it("of a gate's token is a gate's", async () => {
    const line = new Line(station.url, [...JSON_TWIN, "hufu.token.gate-gate"]);
    await line.opened;
    line.send(JSON.stringify({ type: "hello", lane: "bulk" }));
    expect(await line.closed).toEqual({ code: 4403, reason: "this token is for the lane gate" });
  });

  it("takes no other question by the number of one that is unanswered", async () => {
    const line = await bank();
    for (const count of [900, 800]) line.send(question(7, many(count), { at: at.toISOString() }));
    const [, first, second] = await line.received(3);
    const error = [first, second].find((frame) => frame?.type === "error");
    expect(error).toMatchObject({ seq: 7, code: "BAD_REQUEST" });
    line.close();
  });

  it("lives on for a minute and no longer, and is counted", async () => {
    const sessions = async () => Number(/^hufu_sessions (\d+)$/m.exec(await metrics())?.[1]);
    const before = await sessions();
    const line = await bank();
    expect(await sessions()).toBe(before + 1);
    line.close();
    await line.closed;
    expect(await sessions()).toBe(before + 1);
  });
});

async function metrics(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${station.port}/metrics`)).text();
}

/** Verdicts that were given over streams: a measure of what the server has heard. */
async function frames(): Promise<number> {
  const counts = (await metrics()).matchAll(/^hufu_verdicts_total\{[^}]*stream[^}]*\} (\d+)$/gm);
  return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
}
