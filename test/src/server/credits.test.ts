import { afterEach, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import { Allotment, type Holder } from "../../../src/server/credits.js";
import { openLine, question } from "../../support/line.js";
import { card, type Station, startStation } from "../../support/server.js";

/** What 64 slabs of 128 texts hold, but for the quarter that is left to gates. */
const POOL = 6_144;
const turn = () => new Promise((resolve) => setImmediate(resolve));

class Bank implements Holder {
  told: number[] = [];
  constructor(
    readonly party: string,
    readonly address: string,
  ) {}
  allot({ items }: { items: number }): void {
    this.told.push(items);
  }
  get last(): number {
    return this.told[this.told.length - 1] ?? 0;
  }
}

function crowd(allotment: Allotment, count: number, party: string, address: string): Bank[] {
  return Array.from({ length: count }, () => {
    const bank = new Bank(party, address);
    allotment.enter(bank);
    return bank;
  });
}

describe("credits for bulk work", () => {
  it("of all sessions together are what the ring holds beside the gates' part", async () => {
    const allotment = new Allotment(() => ({ slabs: 64 }), 65_536);
    const banks: Bank[] = [];
    for (let count = 1; count <= POOL / 128; count++) {
      banks.push(...crowd(allotment, 1, "", `10.0.0.${count % 5}`));
      await turn();
      const sum = banks.reduce((items, { last }) => items + last, 0);
      // A session has 128 at the least, the rest is shared: half of it is lost at the most by keeping to powers of two.
      if (count <= 20) expect(sum).toBeLessThanOrEqual(POOL);
      expect(sum).toBeGreaterThanOrEqual(POOL / 2);
      expect(allotment.items).toBe(sum);
    }
    for (const bank of banks.splice(1)) allotment.leave(bank);
    await turn();
    expect(banks[0]?.last).toBe(4_096);
  });

  it("are parted by party, then by address, then by session", async () => {
    const allotment = new Allotment(() => ({ slabs: 64 }), 65_536);
    const hostile = crowd(allotment, 256, "a", "127.0.0.1");
    const [neighbour, other] = [...crowd(allotment, 1, "a", "127.0.0.2"), ...crowd(allotment, 1, "b", "127.0.0.1")];
    await turn();
    expect(other?.last).toBe(2_048);
    expect(neighbour?.last).toBe(1_024);
    expect(new Set(hostile.map(({ last }) => last))).toEqual(new Set([128]));
  });

  it("are no more than one session may have", async () => {
    const allotment = new Allotment(() => ({ slabs: 64 }), 300);
    const [bank] = crowd(allotment, 1, "", "");
    await turn();
    expect(bank?.last).toBe(300);
    expect(allotment.of(bank!)).toEqual({ items: 300, bytes: 300 * 4096 });
  });
});

describe("a bank's client", () => {
  let station: Station;
  afterEach(() => station.stop());

  it("is told of fewer credits when others come, and of more when they go", async () => {
    station = await startStation();
    const first = await openLine(station.url);
    expect(first.frames[0]).toMatchObject({ credits: { items: 2_048 } });
    const second = await openLine(station.url);
    expect(second.frames[0]).toMatchObject({ credits: { items: 1_024 } });
    await expect.poll(() => first.credits.map(({ items }) => items)).toEqual([1_024]);
    second.close();
    await expect.poll(() => first.credits.map(({ items }) => items)).toEqual([1_024, 2_048]);
    // What it could not know yet is not held against it.
    const third = await openLine(station.url);
    for (const seq of [0, 1]) first.send(question(seq, new Array<string>(1_000).fill(card)));
    await first.received(3);
    third.close();
    first.close();
  });

  it("loses nothing while its credits change", async () => {
    station = await startStation();
    const client = new HufuClient(station.url);
    const crowd = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        const lines = await Promise.all(Array.from({ length: 7 }, () => openLine(station.url)));
        for (const line of lines) line.close();
      }
    };
    let answers = 0;
    const ask = async (): Promise<void> => {
      for await (const { code } of client.verifyMany(new Array<string>(20_000).fill("BB8"))) {
        expect(code).toBe("BAD_ZLIB");
        answers++;
      }
    };
    await Promise.all([ask(), crowd()]);
    expect(answers).toBe(20_000);
    client.close();
  });
});
