import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import type { PeerAnswer, PeerQuestion } from "../../bench/line.js";
import { load, type LoadOrders } from "../../bench/load.js";
import { quantile } from "../../bench/score.js";
import { makeTraffic, type Traffic } from "../../bench/traffic.js";
import { Engine } from "../../src/engine/engine.js";
import { startStation, type Station } from "../support/server.js";

/** The load generator is believed only as far as it notices what a server does wrong. */

let traffic: Traffic;
let station: Station;
beforeAll(async () => {
  traffic = await makeTraffic(300);
  station = await startStation({}, { trust: traffic.trust, status: [traffic.status] });
});
afterAll(async () => {
  await station.stop();
});

const url = (): string => `ws://127.0.0.1:${station.port}`;
const orders = (more: Partial<LoadOrders>): LoadOrders => ({
  ...{ target: "hufu", url: url(), scans: traffic.scans, lane: "gate", connections: 1, items: 1, window: 1 },
  ...{ milliseconds: 400, warmUp: 0 },
  ...more,
});

describe("the traffic", () => {
  it("is 95 % good, 2 % revoked, 1 % expired, 1 % forged, 1 % garbage, and the engine says so", async () => {
    const engine = await Engine.create({ trust: traffic.trust, status: [traffic.status] });
    const verdicts = engine.verifyBatch(traffic.scans.map(({ qr }) => qr));
    expect(verdicts.map(({ code, expires }) => ({ code, expires }))).toEqual(
      traffic.scans.map(({ code, expires }) => ({ code, expires })),
    );
    const count = (wanted: string) => verdicts.filter(({ code }) => code === wanted).length / 3;
    const codes = ["VALID", "REVOKED", "EXPIRED", "BAD_ISSUER_SIGNATURE", "BAD_PREFIX"];
    expect(codes.map(count)).toEqual([95, 2, 1, 1, 1]);
    const expires = traffic.scans.flatMap((scan) => scan.expires ?? []);
    expect(new Set(expires).size).toBe(expires.length);
  });
});

describe("the load generator", () => {
  it("drives gates in an open loop, each answer checked", async () => {
    const report = await load(orders({ connections: 20, rate: 1_000 }));
    expect(report).toMatchObject({ lost: 0, doubled: 0, swapped: 0 });
    expect(report.latencies.length).toBeGreaterThanOrEqual(390);
    expect(report.latencies.length).toBeLessThanOrEqual(400);
    expect(quantile(report.latencies, 0.5)).toBeGreaterThan(0);
  });

  it("drives banks as far as their credits go", async () => {
    const report = await load(orders({ lane: "bulk", items: 100, window: 100_000 }));
    expect(report).toMatchObject({ lost: 0, doubled: 0, swapped: 0, busy: 0 });
    expect(report.verdicts).toBeGreaterThan(300);
  });

  it("lets connections stand that ask nothing", async () => {
    expect(await load(orders({ connections: 150, rate: 0 }))).toMatchObject({ verdicts: 0, lost: 0 });
  });

  it("shows a scan again that was BUSY, and its time runs on", async () => {
    const more = { connections: 8, items: 4, window: 4 };
    const tight = await startStation({}, { trust: traffic.trust, status: [traffic.status], slabs: 1 });
    const report = await load(orders({ ...more, url: `ws://127.0.0.1:${tight.port}` }));
    await tight.stop();
    expect(report).toMatchObject({ lost: 0, doubled: 0, swapped: 0 });
  });

  it("counts the time for which a server stands still: from when a text should have been sent", async () => {
    // It answers nothing for 300 ms, and then everything.
    const held: (() => void)[] = [];
    const began = performance.now();
    const server = await liar((answer, send) => {
      const now = (): void => {
        send(answer);
      };
      if (performance.now() - began > 300) now();
      else held.push(now);
    });
    setTimeout(() => {
      for (const now of held) now();
    }, 300);
    const report = await load(orders({ target: "peer", url: server.url, rate: 500 }));
    server.close();
    expect(report.lost).toBe(0);
    expect(quantile(report.latencies, 0.5)).toBeGreaterThan(50);
  });

  it.each([
    ["lost", { lost: 1 }, (answer) => (answer.seq === 3 ? [] : [answer])],
    ["doubled", { doubled: 1 }, (answer) => (answer.seq === 3 ? [answer, answer] : [answer])],
    ["swapped", { swapped: 2 }, (answer) => [13, 14].includes(answer.seq) ? [{ ...answer, accepted: answer.accepted.map((one) => !one) }] : [answer]], // prettier-ignore
  ] satisfies [string, object, (answer: PeerAnswer) => PeerAnswer[]][])(
    "notices an answer that was %s",
    { timeout: 20_000 },
    async (_, found, lie) => {
      const server = await liar((answer, send) => {
        lie(answer).forEach(send);
      });
      const report = await load(orders({ target: "peer", url: server.url, connections: 1, rate: 200 }));
      server.close();
      expect(report).toMatchObject({ lost: 0, doubled: 0, swapped: 0, ...found });
    },
  );

  it("notices a verdict that is right for another card", async () => {
    const [first, second] = traffic.scans;
    const scans = [{ ...first!, expires: second!.expires! }];
    const report = await load(orders({ scans, rate: 100 }));
    expect(report.swapped).toBe(report.latencies.length);
  });

  it("fails where the other end closes", async () => {
    const server = await liar(() => {
      server.close();
    });
    await expect(load(orders({ target: "peer", url: server.url, rate: 100 }))).rejects.toThrow("closed a connection");
  }, 20_000);
});

type Lie = (answer: PeerAnswer, send: (answer: PeerAnswer) => void) => void;

/** A peer that knows the answers, and passes them on as `lie` would have it. */
async function liar(lie: Lie): Promise<{ url: string; close: () => void }> {
  const right = new Map(traffic.scans.map(({ qr, code }) => [qr, code === "VALID"]));
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const { seq, qrs } = JSON.parse(data.toString()) as PeerQuestion;
      lie({ seq, accepted: qrs.map((qr) => right.get(qr) ?? false) }, (answer) => {
        socket.send(JSON.stringify(answer));
      });
    });
  });
  const close = (): void => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
