import { afterEach, describe, expect, it } from "vitest";
import { Unsent } from "../../../src/server/unsent.js";
import { JSON_TWIN, openLine } from "../../support/line.js";
import { at, type Station, startStation, wordy } from "../../support/server.js";

class Pipe {
  constructor(public waits: number) {}
  getBufferedAmount(): number {
    return this.waits;
  }
}

describe("what waits for readers", () => {
  it("is counted over all, and the slowest goes where it is too much", () => {
    const unsent = new Unsent<Pipe>(100);
    const [one, other, fast] = [new Pipe(40), new Pipe(60), new Pipe(0)];
    for (const pipe of [one, other, fast]) unsent.look(pipe);
    expect([unsent.total, unsent.tooSlow()]).toEqual([100, undefined]);
    one.waits = 41;
    unsent.look(one);
    expect(unsent.tooSlow()).toBe(other);
    unsent.forget(other);
    unsent.forget(other);
    expect([unsent.total, unsent.tooSlow()]).toEqual([41, undefined]);
  });

  it("lets nobody go who has read in the meantime", () => {
    const unsent = new Unsent<Pipe>(100);
    const [one, other] = [new Pipe(90), new Pipe(20)];
    for (const pipe of [one, other]) unsent.look(pipe);
    one.waits = 0;
    expect(unsent.tooSlow()).toBeUndefined();
    expect(unsent.total).toBe(20);
  });
});

describe("streams that do not read", () => {
  let station: Station;
  afterEach(() => station.stop());

  it("are cut once too much waits for them together, and the others hear their answers", async () => {
    const most = 12 * 1024 * 1024;
    station = await startStation({ unsent: most });
    const reader = await openLine(station.url, JSON_TWIN);
    const deaf = await Promise.all(Array.from({ length: 3 }, () => openLine(station.url, JSON_TWIN)));
    for (const line of deaf) line.pause();
    const items = new Array<string>(50).fill(wordy);
    const asked = JSON.stringify({ type: "verify", items, claims: true, at: at.toISOString() }).slice(1);
    for (let seq = 0; (await metric("hufu_streams")) === 4; seq++) {
      expect(seq).toBeLessThan(100);
      for (const line of deaf) line.send(`{"seq":${seq},${asked}`);
      await expect.poll(() => metric("hufu_items_in_flight")).toBe(0);
      expect(await metric("hufu_unsent_bytes")).toBeLessThanOrEqual(most);
    }
    reader.send(JSON.stringify({ type: "verify", seq: 2, items: ["BB8"] }));
    expect((await reader.received(2))[1]).toMatchObject({ type: "verdicts", seq: 2, verdicts: [{ code: "BAD_ZLIB" }] });
    reader.close();
    for (const line of deaf) line.cut();
  });

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${station.port}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
  }
});
