import { WebSocket } from "ws";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import type { StreamEvent } from "../../../src/server/stream-events.js";
import { at, card, startStation } from "../../support/server.js";

/** Values by name and labels, as Prometheus would read them. */
async function scrape(port: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

describe("/metrics", () => {
  it("tells of batches, of waiting and of answers by lane, and of sessions and closed streams", async () => {
    const events: StreamEvent[] = [];
    const station = await startStation({ onStream: (event) => events.push(event) });
    const client = new HufuClient(station.url);
    await client.verify(card, { at });
    const body = JSON.stringify({ items: Array.from({ length: 200 }, () => card), at });
    await fetch(`http://127.0.0.1:${station.port}/v1/verify`, { method: "POST", body });
    const before = await scrape(station.port);
    expect(before.get("hufu_batch_items_sum")).toBe(201);
    expect(before.get("hufu_batch_items_count")).toBeGreaterThanOrEqual(3);
    expect(before.get("hufu_batch_duration_seconds_count")).toBe(before.get("hufu_batch_items_count"));
    for (const name of ["hufu_queue_wait_seconds", "hufu_lane_duration_seconds"]) {
      const counts = ["gate", "bulk"].map((lane) => before.get(`${name}_count{lane="${lane}"}`) ?? 0);
      expect(
        counts.reduce((sum, count) => sum + count),
        name,
      ).toBe(2);
      expect(counts[1], name).toBeGreaterThanOrEqual(1);
    }
    expect(before.get("hufu_sessions_kept")).toBe(0);
    client.close();
    await until(() => events.some(({ kind }) => kind === "closed"));
    const after = await scrape(station.port);
    expect(after.get("hufu_sessions_kept")).toBe(1);
    const closed = events.find(({ kind }) => kind === "closed");
    expect(closed?.kind === "closed" && after.get(`hufu_streams_closed_total{code="${closed.code}"}`)).toBe(1);
    await station.stop();
  });

  it("tells why streams were closed, and which session another connection took up", async () => {
    const events: StreamEvent[] = [];
    const station = await startStation({ onStream: (event) => events.push(event) });
    const open = async (frame: object): Promise<WebSocket> => {
      const socket = new WebSocket(station.url, ["hufu.v1+json"]);
      await once(socket, "open");
      socket.send(JSON.stringify(frame));
      return socket;
    };
    const hello = { type: "hello", session: "00112233445566778899aabbccddeeff", lane: "bulk" };
    const first = await open(hello);
    await once(first, "message");
    const second = await open(hello);
    await once(first, "close");
    const bad = await open({ type: "nonsense" });
    await once(bad, "close");
    second.terminate();
    await until(() => events.filter(({ kind }) => kind === "closed").length === 3);
    const known = (wanted: number) => events.filter(({ connection }) => connection === wanted).map(withoutTime);
    expect(known(1)).toEqual([
      { kind: "opened", connection: 1, address: "127.0.0.1" },
      { kind: "welcomed", connection: 1, lane: "bulk", resumed: false, owed: 0 },
      { kind: "closed", connection: 1, code: 4409 },
    ]);
    expect(known(2)).toEqual([
      { kind: "opened", connection: 2, address: "127.0.0.1" },
      { kind: "welcomed", connection: 2, lane: "bulk", resumed: true, owed: 0 },
      { kind: "closed", connection: 2, code: 1006 },
    ]);
    expect(known(3).at(-1)).toEqual({ kind: "closed", connection: 3, code: 4400 });
    const metrics = await scrape(station.port);
    expect(metrics.get("hufu_sessions_resumed_total")).toBe(1);
    for (const code of [4409, 1006, 4400]) expect(metrics.get(`hufu_streams_closed_total{code="${code}"}`)).toBe(1);
    await station.stop();
  });
});

function withoutTime(event: StreamEvent): object {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== "seconds"));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}
