import { setTimeout } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { compileFaultyEngine } from "../../support/faulty.js";
import { at, card, type Station, startStation } from "../../support/server.js";

const INTERNAL = { outcome: "undetermined", code: "INTERNAL" };

describe("the running server, when its worker fails", () => {
  const workers: Worker[] = [];
  const started = (worker: Worker): unknown => workers.push(worker);
  let station: Station;
  let client: HufuClient;
  beforeAll(async () => {
    process.on("worker", started);
    station = await startStation({}, { module: await compileFaultyEngine() });
    client = new HufuClient(station.url);
    expect((await client.verify(card, { at })).code).toBe("VALID");
  });
  afterAll(async () => {
    process.off("worker", started);
    client.close();
    await station.stop();
  });

  async function overHttp(...qrs: string[]): Promise<Verdict[]> {
    const body = JSON.stringify({ items: qrs, at });
    const answer = await fetch(`http://127.0.0.1:${station.port}/v1/verify`, { method: "POST", body });
    return ((await answer.json()) as { verdicts: Verdict[] }).verdicts;
  }

  function overStream(...qrs: string[]): Promise<Verdict[]> {
    return Promise.all(qrs.map((qr) => client.verify(qr, { at })));
  }

  /** The least of three: this machine may be busy with something else. */
  async function leastOfThree(measure: () => Promise<number>): Promise<number> {
    return Math.min(await measure(), await measure(), await measure());
  }

  it.each([
    ["HTTP", overHttp],
    ["the stream", overStream],
  ])("a trap: over %s INTERNAL within a second for that batch, and the next succeeds", async (_, ask) => {
    const took = await leastOfThree(async () => {
      const began = performance.now();
      expect(await ask("$", card)).toEqual([INTERNAL, INTERNAL]);
      const took = performance.now() - began;
      expect((await ask(card, "BB8")).map(({ code }) => code)).toEqual(["VALID", "BAD_ZLIB"]);
      return took;
    });
    expect(took).toBeLessThan(1_000);
  });

  it("a thread that is killed with a batch in hand: the same", async () => {
    const took = await leastOfThree(async () => {
      const before = station.verifier.stats.replaced;
      const began = performance.now();
      const answer = client.verify("%", { at });
      // By then it is at work, and never ends by itself.
      await setTimeout(100);
      await Promise.all(workers.map((worker) => worker.terminate()));
      expect(await answer).toEqual(INTERNAL);
      const took = performance.now() - began;
      expect((await overHttp(card)).map(({ code }) => code)).toEqual(["VALID"]);
      expect(station.verifier.stats).toMatchObject({ workers: 1, replaced: before + 1 });
      return took;
    });
    expect(took).toBeLessThan(1_000);
  });

  it("an instance that hangs: the same", async () => {
    const took = await leastOfThree(async () => {
      const began = performance.now();
      expect(await client.verify("%", { at })).toEqual(INTERNAL);
      const took = performance.now() - began;
      expect((await client.verify(card, { at })).code).toBe("VALID");
      return took;
    });
    expect(took).toBeLessThan(1_000);
  });
});
