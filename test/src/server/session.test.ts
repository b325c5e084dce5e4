import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CloseCode, type ServerFrame, type VerdictsFrame } from "../../../src/format/wire/frame.js";
import { Claims } from "../../../src/server/claims.js";
import { Allotment } from "../../../src/server/credits.js";
import { Metrics } from "../../../src/server/metrics.js";
import { Quotas } from "../../../src/server/quota.js";
import { claimsOptions, Replay } from "../../../src/server/replay.js";
import { Schedule } from "../../../src/server/schedule.js";
import { type Carrier, type Desk, Session } from "../../../src/server/session.js";
import { Tally } from "../../../src/server/tally.js";
import { at, codes, fate, type Station, startStation, texts } from "../../support/server.js";

const CREDITS = 3_000;
let station: Station;
let desk: Desk;
beforeAll(async () => {
  station = await startStation();
  const { verifier } = station;
  const metrics = new Metrics(() => verifier.stats);
  desk = {
    tally: new Tally(verifier, metrics, new Replay(new Claims(claimsOptions(verifier)))),
    schedule: new Schedule(() => verifier.stats),
    quotas: new Quotas(),
    allotment: new Allotment(() => verifier.stats, CREDITS),
    epoch: () => 7,
  };
});
afterAll(() => station.stop());
beforeEach(() => {
  desk = { ...desk, allotment: new Allotment(() => ({ slabs: 64 }), CREDITS) };
});

const TERMS = { party: "", id: "00".repeat(16), lane: "bulk", address: "127.0.0.1", request: {} } as const;

class Memo implements Carrier {
  readonly frames: ServerFrame[] = [];
  drops = false;
  written = 0;
  /** Frames that its client has not taken. */
  unread = 0;
  send(frame: ServerFrame): boolean {
    if (!this.drops) this.written = this.frames.push(frame);
    return !this.drops;
  }
  taken(): number {
    return this.written - this.unread;
  }
  close(): void {
    this.drops = true;
  }
}

function question(seq: number, count: number): Parameters<Session["ask"]>[0] {
  return { type: "verify", seq, qrs: Array.from({ length: count }, (_, i) => texts[fate(seq + i)]!), request: { at } };
}

function expected(seq: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => codes[fate(seq + i)]!);
}

async function idle(): Promise<void> {
  await desk.schedule.waiting.idle(60_000);
  await desk.tally.inFlight.idle(60_000);
}

describe("a session", () => {
  it("keeps its answers while nothing carries it, and gives them to the next connection", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    const [first, second] = [new Memo(), new Memo()];
    session.attach(first);
    const counts = [1, 1_000, 3, 300];
    for (const [seq, count] of counts.entries()) expect(session.ask(question(seq, count), 0, 0)).toBeUndefined();
    session.detach(first);
    await idle();
    expect(first.frames).toEqual([]);
    expect(session.owed).toBe(1_304);
    session.attach(second);
    expect(session.owed).toBe(0);
    const answers = second.frames as VerdictsFrame[];
    expect(answers.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    for (const { seq, verdicts } of answers) {
      expect(verdicts.map(({ code }) => code)).toEqual(expected(seq, counts[seq]!));
    }
  });

  it("gives each answer to one connection: the one that carries it when it comes", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    const [first, second] = [new Memo(), new Memo()];
    session.attach(first);
    session.ask(question(0, 10), 0, 0);
    await idle();
    session.ask(question(1, 10), 0, 0);
    session.attach(second);
    // The first learns late that its line is gone.
    session.detach(first);
    await idle();
    expect(first.frames).toMatchObject([{ seq: 0 }]);
    expect(second.frames).toMatchObject([{ seq: 1 }]);
  });

  it("owes no more than its credits, with a connection or without", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    for (const seq of [0, 1, 2]) expect(session.ask(question(seq, 1_000), 0, 0)).toBeUndefined();
    await idle();
    expect(session.ask(question(3, 1), 0, 0)).toEqual({
      code: CloseCode.OVER_CREDIT,
      reason: "more than 3000 items or 12288000 bytes unanswered or unread",
    });
    session.attach(new Memo());
    expect(session.ask(question(3, 1), 0, 0)).toBeUndefined();
    await idle();
  });

  it("is not asked twice what is unanswered, and by the same number nothing else", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    expect(session.ask(question(0, 10), 0, 0)).toBeUndefined();
    expect(session.ask(question(0, 10), 0, 0)).toBeUndefined();
    expect(session.ask({ ...question(0, 10), request: { at, claims: true } }, 0, 0)).toBe("other-question");
    expect(session.ask(question(0, 9), 0, 0)).toBe("other-question");
    expect(session.owed).toBe(10);
    const carrier = new Memo();
    session.attach(carrier);
    await idle();
    expect(carrier.frames).toMatchObject([{ seq: 0, epoch: 7 }]);
    // What has been answered may be asked anew.
    expect(session.ask(question(0, 9), 0, 0)).toBeUndefined();
    await idle();
    expect(carrier.frames).toHaveLength(2);
  });

  it("keeps what its line has dropped", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    const [slow, next] = [new Memo(), new Memo()];
    slow.drops = true;
    session.attach(slow);
    session.ask(question(0, 10), 0, 0);
    await idle();
    expect(session.owed).toBe(10);
    session.attach(next);
    expect(next.frames).toMatchObject([{ seq: 0 }]);
  });

  it("pays for answers until its client has taken them", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    const carrier = new Memo();
    session.attach(carrier);
    carrier.unread = 3;
    for (const seq of [0, 1, 2]) {
      expect(session.ask(question(seq, 1_000), 0, 0)).toBeUndefined();
      await idle();
    }
    expect(session.owed).toBe(0);
    expect(session.ask(question(3, 1), 0, 0)).toMatchObject({ code: CloseCode.OVER_CREDIT });
    carrier.unread = 2;
    expect(session.ask(question(3, 1_000), 0, 0)).toBeUndefined();
    expect(session.ask(question(4, 1), 0, 0)).toMatchObject({ code: CloseCode.OVER_CREDIT });
  });

  it("has more kept for it than its bytes only if it has ended", async () => {
    const allotment = { enter: () => undefined, leave: () => undefined, of: () => ({ items: 100, bytes: 50 }) };
    const small = { ...desk, allotment };
    const session = new Session({ at: true }, { ...TERMS, request: { claims: true } }, small);
    session.ask({ type: "verify", seq: 0, qrs: [texts[0]], request: { at } }, 10, 0);
    await idle();
    expect(session.isOver).toBe(true);
    expect(session.ask(question(1, 1), 41, 0)).toMatchObject({ code: CloseCode.OVER_CREDIT });
  });

  it("that has ended asks no more, and answers nobody", async () => {
    const session = new Session({ at: true }, TERMS, desk);
    const carrier = new Memo();
    session.attach(carrier);
    for (const seq of [0, 1, 2]) session.ask(question(seq, 1_000), 0, 0);
    session.end();
    expect(session.owed).toBe(0);
    expect(desk.schedule.waiting.count).toBe(0);
    await idle();
    expect(carrier.frames).toEqual([]);
  });
});
