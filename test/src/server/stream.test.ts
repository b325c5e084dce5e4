import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { VerdictsFrame } from "../../../src/format/wire/frame.js";
import { JSON_TWIN, Line, MSGPACK, openLine, question } from "../../support/line.js";
import { at, card, codes, fate, type Station, startStation, texts, wordy } from "../../support/server.js";

const CREDITS = 256;
let station: Station;
beforeAll(async () => {
  station = await startStation({ credits: CREDITS, perAddress: 64 });
});
afterAll(() => station.stop());

async function open(subprotocols = MSGPACK, url = station.url): Promise<Line> {
  return openLine(url, subprotocols);
}

describe("frames", () => {
  it("greets, and answers each frame by its number in either notation", async () => {
    for (const subprotocols of [MSGPACK, JSON_TWIN]) {
      const line = await open(subprotocols);
      expect(line.frames[0]).toEqual({
        type: "welcome",
        server: "test",
        session: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        resumed: false,
        credits: { items: CREDITS, bytes: 1_048_576 },
        limits: { items: CREDITS, bytes: 1_048_576 },
        epoch: null,
        dataAge: null,
      });
      const verify = { type: "verify", items: texts, at: at.toISOString() };
      for (const seq of [7, 2 ** 40]) {
        line.send(subprotocols === MSGPACK ? question(seq, texts) : JSON.stringify({ ...verify, seq }));
      }
      const answers = (await line.received(3)).slice(1) as VerdictsFrame[];
      expect(answers.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual([7, 2 ** 40]);
      for (const { verdicts } of answers) expect(verdicts.map(({ code }) => code)).toEqual(codes);
      line.close();
    }
  });

  it("understands any MessagePack library: bytes written by hand after the specification", async () => {
    const line = await open();
    const text = (value: string): number[] => [0xa0 | value.length, ...Buffer.from(value)];
    const card = [0xc4, 3, ...Buffer.from("BB8")];
    line.send(
      Uint8Array.of(
        0x83,
        ...text("seq"),
        5,
        ...text("items"),
        0x92,
        ...card,
        ...text("B-8"),
        ...text("type"),
        ...text("verify"),
      ),
    );
    expect((await line.received(2))[1]).toMatchObject({ seq: 5, verdicts: [{ code: "BAD_ZLIB" }, {}] });
    line.close();
  });

  it("texts as bytes and claims", async () => {
    const line = await open();
    line.send(question(0, [new TextEncoder().encode(card)], { claims: true }));
    expect((await line.received(2))[1]).toMatchObject({ verdicts: [{ code: "VALID", claims: { 4: "张秀英" } }] });
    line.close();
  });

  it("loses and swaps nothing among many frames", async () => {
    const line = await open();
    const frames = 200;
    const per = 16;
    for (let seq = 0; seq < frames; seq++) {
      // Credits: as many frames out as have been answered, and 16.
      await line.received(1 + Math.max(0, seq - CREDITS / per + 1));
      line.send(
        question(
          seq,
          Array.from({ length: per }, (_, i) => texts[fate(seq * per + i)]!),
        ),
      );
    }
    const answers = (await line.received(frames + 1)).slice(1) as VerdictsFrame[];
    const bySeq = new Map(answers.map(({ seq, verdicts }) => [seq, verdicts.map(({ code }) => code)]));
    expect(bySeq.size).toBe(frames);
    for (let seq = 0; seq < frames; seq++) {
      expect(bySeq.get(seq)).toEqual(Array.from({ length: per }, (_, i) => codes[fate(seq * per + i)]));
    }
    line.close();
  });
});

describe("refusals", () => {
  it.each([
    ["no texts", { items: [] }],
    ["1,001 texts", { items: Array.from({ length: 1001 }, () => "") }],
    ["a text that is a number", { items: ["", 5] }],
    ["a misspelt field", { items: [""], purpos: "rail-boarding" }],
    ["a region that is none", { items: [""], region: "1101" }],
    ["a time without zone", { items: [""], at: "2026-10-01T08:00:00" }],
    ["claims that are no boolean", { items: [""], claims: 1 }],
  ])("a frame with %s is refused, the connection lives on", async (_, fields) => {
    const line = await open(JSON_TWIN);
    line.send(JSON.stringify({ type: "verify", seq: 3, ...fields }));
    line.send(JSON.stringify({ type: "verify", seq: 4, items: ["BB8"] }));
    const [, error, answer] = await line.received(3);
    expect(error).toMatchObject({ type: "error", seq: 3, code: "BAD_REQUEST" });
    expect(answer).toMatchObject({ type: "verdicts", seq: 4, verdicts: [{ code: "BAD_ZLIB" }] });
    line.close();
  });

  it.each([
    ["no map", JSON_TWIN, "5"],
    ["no JSON", JSON_TWIN, "{"],
    ["another type", JSON_TWIN, '{"type":"welcome","seq":1}'],
    ["no number", JSON_TWIN, '{"type":"verify","items":[""]}'],
    ["a number too large", JSON_TWIN, '{"type":"verify","seq":9007199254740992,"items":[""]}'],
    ["binary where text belongs", JSON_TWIN, Uint8Array.of(0x80)],
    ["text where binary belongs", MSGPACK, "{}"],
    ["an array of four billion", MSGPACK, Uint8Array.of(0xdd, 255, 255, 255, 255)],
    ["a map of four billion", MSGPACK, Uint8Array.of(0xdf, 255, 255, 255, 255)],
    ["deep nesting", MSGPACK, new Uint8Array(100_000).fill(0x91)],
  ])("%s closes the connection with 4400", async (_, subprotocols, message) => {
    const line = await open(subprotocols);
    line.send(message);
    const { code, reason } = await line.closed;
    expect(code).toBe(4400);
    expect(reason).not.toBe("");
  });

  it("more than the credits closes it with 4429", async () => {
    const line = await open();
    line.send(
      question(
        0,
        Array.from({ length: CREDITS }, () => card),
      ),
    );
    line.send(question(1, [card]));
    expect((await line.closed).code).toBe(4429);
  });

  it("a subprotocol it does not speak is a 400 with the reason", async () => {
    for (const subprotocols of [[], ["mqtt"]]) {
      const answer = await new Promise<{ status: number; body: string }>((resolve) => {
        const socket = new WebSocket(station.url, subprotocols);
        socket.on("error", () => undefined);
        socket.on("unexpected-response", (_, response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, body });
          });
        });
      });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: "BAD_REQUEST", status: 400 });
      expect(answer.body).toContain("hufu.v1+msgpack");
    }
  });

  it("a missing or wrong token closes it with 4401", async () => {
    const guarded = await startStation({ tokens: [{ token: "s3cret" }] });
    expect((await new Line(guarded.url, MSGPACK).closed).code).toBe(4401);
    expect((await new Line(guarded.url, [...MSGPACK, "hufu.token.s3cre"]).closed).code).toBe(4401);
    const inSubprotocol = new Line(guarded.url, [...MSGPACK, "hufu.token.s3cret"]);
    const inHeader = new Line(guarded.url, MSGPACK, { authorization: "Bearer s3cret" });
    for (const line of [inSubprotocol, inHeader])
      expect((await line.received(1))[0]).toMatchObject({ type: "welcome" });
    await guarded.stop();
  });

  it("a request that its token is not for closes it with 4403", async () => {
    const scoped = await startStation({ tokens: [{ token: "gate", purposes: ["rail-boarding"], at: true }] });
    const ask = async (more: object): Promise<Line> => {
      const line = await open([...MSGPACK, "hufu.token.gate"], scoped.url);
      line.send(question(1, [card], more));
      return line;
    };
    const covered = await ask({ purpose: "rail-boarding" });
    expect((await covered.received(2))[1]).toMatchObject({ type: "verdicts", verdicts: [{ code: "VALID" }] });
    for (const more of [{}, { purpose: "bank-account" }]) {
      const line = await ask(more);
      expect(await line.closed).toEqual({ code: 4403, reason: "this token is for rail-boarding" });
    }
    await scoped.stop();
  });

  it("another moment than now is for those who were granted it, at both doors", async () => {
    const guarded = await startStation({ tokens: [{ token: "gate" }] });
    const line = await open([...MSGPACK, "hufu.token.gate"], guarded.url);
    line.send(question(1, [card]));
    expect(await line.closed).toEqual({
      code: 4403,
      reason: "this token may not ask about another moment than now",
    });
    const now = await open([...MSGPACK, "hufu.token.gate"], guarded.url);
    now.send(question(1, ["BB8"], { at: undefined }));
    expect((await now.received(2))[1]).toMatchObject({ type: "verdicts", verdicts: [{ code: "BAD_ZLIB" }] });
    await guarded.stop();
  });

  it("when a card was captured is told by those who may, at both doors", async () => {
    const guarded = await startStation({ tokens: [{ token: "book-book", captured: true }, { token: "gate-gate" }] });
    const captured = new Date().toISOString();
    const book = await open([...MSGPACK, "hufu.token.book-book"], guarded.url);
    book.send(question(1, [{ qr: "BB8", captured } as never], { at: undefined }));
    expect((await book.received(2))[1]).toMatchObject({ type: "verdicts", verdicts: [{ code: "BAD_ZLIB" }] });
    const gate = await open([...MSGPACK, "hufu.token.gate-gate"], guarded.url);
    gate.send(question(1, ["BB8"], { at: undefined, captured }));
    expect(await gate.closed).toEqual({ code: 4403, reason: "this token may not say when a card was captured" });
    await guarded.stop();
  });

  it("a party sees those claims that policy, party and card all allow", async () => {
    const policy = { hufuPolicy: 1 as const, rules: [{ purpose: "hotel-checkin", claims: [1, 4] }] };
    const tokens = [{ token: "hotel", claims: [4, 8], at: true }];
    const seen = async (engine: object, more: object): Promise<string[]> => {
      const scoped = await startStation({ tokens }, engine);
      const line = await open([...MSGPACK, "hufu.token.hotel"], scoped.url);
      line.send(question(1, [card], { claims: true, ...more }));
      const [, answer] = await line.received(2);
      await scoped.stop();
      return Object.keys((answer as VerdictsFrame).verdicts[0]?.claims ?? {});
    };
    expect(await seen({ policy }, { purpose: "hotel-checkin" })).toEqual(["4"]);
    expect(await seen({ policy }, {})).toEqual([]);
    expect(await seen({}, {})).toEqual(["4", "8"]);
  });

  it("silence closes it with 4408", async () => {
    const hasty = await startStation({ idleSeconds: 1 });
    const line = await open(MSGPACK, hasty.url);
    expect((await line.closed).code).toBe(4408);
    await hasty.stop();
  });

  it("one address has so many streams and no more", async () => {
    const narrow = await startStation({ perAddress: 2 });
    const lines = [await open(MSGPACK, narrow.url), await open(MSGPACK, narrow.url)];
    expect((await new Line(narrow.url, MSGPACK).closed).code).toBe(1006);
    lines[0]!.close();
    await lines[0]!.closed;
    await expect
      .poll(() =>
        open(MSGPACK, narrow.url).then(
          () => "open",
          () => "refused",
        ),
      )
      .toBe("open");
    await narrow.stop();
  });
});

describe("hostile and slow peers", () => {
  it("10,000 frames of garbage are each answered or end their connection", async () => {
    const start = question(1, ["BB8"]);
    let answered = 0;
    const lane = async (first: number): Promise<void> => {
      let line = await open();
      for (let i = first; i < 10_000; i += 8) {
        // Two of three: a good frame with one byte changed, which gets further in.
        const frame = i % 3 === 0 ? randomBytes(i % 200) : Uint8Array.from(start);
        if (i % 3 !== 0) frame[i % frame.length]! ^= 1 + (i % 255);
        const had = line.frames.length;
        line.send(frame);
        const outcome = await line.received(had + 1).catch(() => line.closed);
        if (Array.isArray(outcome)) {
          answered++;
        } else {
          expect(outcome.code, outcome.reason).toBe(4400);
          expect(outcome.reason).not.toBe("");
          line = await open();
        }
      }
      line.send(question(9, [card]));
      const had = line.frames.length;
      expect((await line.received(had + 1)).at(-1)).toMatchObject({ verdicts: [{ code: "VALID" }] });
      line.close();
    };
    await Promise.all(Array.from({ length: 8 }, (_, first) => lane(first)));
    expect(answered).toBeGreaterThan(1000);
  });

  it("10,000 random texts are each given a code", async () => {
    const line = await open();
    for (let seq = 0; seq < 100; seq++) {
      line.send(
        question(
          seq,
          Array.from({ length: 100 }, (_, i) => randomBytes((i * 13) % 600)),
        ),
      );
      const answer = (await line.received(seq + 2))[seq + 1] as VerdictsFrame;
      expect(answer.verdicts).toHaveLength(100);
      for (const { outcome, code } of answer.verdicts) {
        expect(outcome, code).toBe("refused");
      }
    }
    line.close();
  });

  it("a reader that does not read is closed with 4429 before it fills the memory", async () => {
    const most = 16 * 1_048_576;
    const other = await startStation();
    const eager = await open(JSON_TWIN, other.url);
    eager.pause();
    const unsent = () => metric("hufu_unsent_bytes", other.port);
    const asked = JSON.stringify({ type: "verify", items: new Array(50).fill(wordy), claims: true, at }).slice(1);
    for (let seq = 0; (await unsent()) < most; seq++) {
      expect(seq).toBeLessThan(100);
      eager.send(`{"seq":${seq},${asked}`);
      await expect.poll(() => metric("hufu_items_in_flight", other.port)).toBe(0);
    }
    const waiting = await unsent();
    for (let seq = 100; seq < 105; seq++) eager.send(`{"seq":${seq},${asked}`);
    await expect.poll(() => metric("hufu_items_in_flight", other.port)).toBe(0);
    expect(await unsent()).toBeLessThanOrEqual(waiting);
    expect(await metric("hufu_streams", other.port)).toBe(1);
    eager.resume();
    expect(await eager.closed).toEqual({ code: 4429, reason: `more than ${most} bytes of answers are not read` });
    expect(await unsent()).toBe(0);
    await other.stop();
  });

  it("frames that are refused, which cost no credits, are not for ever", async () => {
    const refused = JSON.stringify({ type: "verify", seq: 1, items: [] });
    const eager = await open(JSON_TWIN);
    for (let i = 0; i < 10_000; i++) eager.send(refused);
    expect(await eager.closed).toEqual({ code: 4429, reason: "too many frames are refused" });
  });

  it("a reader that pauses gets everything when it goes on", async () => {
    const line = await open();
    line.pause();
    line.send(
      question(
        0,
        Array.from({ length: CREDITS }, () => "BB8"),
      ),
    );
    await expect.poll(() => station.verifier.stats.slabsFree).toBe(station.verifier.stats.slabs);
    line.resume();
    const [, answer] = await line.received(2);
    expect((answer as VerdictsFrame).verdicts).toHaveLength(CREDITS);
    line.close();
  });

  async function metric(name: string, port = station.port): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
  }
});

describe("shutdown", () => {
  it("answers what is in flight, then closes with 1001", async () => {
    const other = await startStation();
    const line = await open(MSGPACK, other.url);
    const idle = await open(MSGPACK, other.url);
    line.send(
      question(
        1,
        Array.from({ length: 1000 }, (_, i) => texts[fate(i)]!),
      ),
    );
    await expect.poll(() => other.verifier.stats.slabsFree < other.verifier.stats.slabs, { interval: 1 }).toBe(true);
    await other.stop();
    expect((await line.closed).code).toBe(1001);
    expect((await idle.closed).code).toBe(1001);
    const drain = { type: "drain", retryAfterMs: expect.any(Number) as number };
    expect(idle.frames.slice(1)).toEqual([drain]);
    const [answer, ...others] = line.frames.slice(1).sort((a, b) => b.type.localeCompare(a.type));
    expect(others).toEqual([drain]);
    expect(answer).toMatchObject({ type: "verdicts", seq: 1 });
    expect((answer as VerdictsFrame).verdicts.map(({ code }) => code)).toEqual(
      Array.from({ length: 1000 }, (_, i) => codes[fate(i)]),
    );
  });
});
