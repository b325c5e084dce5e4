import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { VerdictsFrame } from "../../../src/format/wire/frame.js";
import { openLine, question } from "../../support/line.js";
import { RawLine, statusesIn, postOf } from "../../support/raw.js";
import { startStation } from "../../support/server.js";

describe("a server that stops", () => {
  it("answers every frame that was sent before, on every connection", async () => {
    const station = await startStation();
    const lines = await Promise.all(Array.from({ length: 4 }, () => openLine(station.url)));
    for (let seq = 0; seq < 60; seq++) lines[seq % 4]!.send(question(seq, ["BB8"]));
    await station.stop();
    const seqs: number[] = [];
    for (const line of lines) {
      expect(await line.closed).toEqual({ code: 1001, reason: "the server is shutting down" });
      const answers = line.frames.slice(1).filter((frame): frame is VerdictsFrame => frame.type === "verdicts");
      for (const { seq } of answers) seqs.push(seq);
    }
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, seq) => seq));
  });

  it("answers the requests that were sent before, and lets their connections go", async () => {
    const station = await startStation();
    const lines = Array.from({ length: 4 }, () => new RawLine(station.port));
    const body = JSON.stringify({ qr: "BB8" });
    for (const line of lines) {
      await line.send(postOf(body));
      await line.match(/BAD_ZLIB/);
      void line.send(postOf(body));
    }
    await station.stop();
    for (const line of lines) expect(statusesIn(await line.end())).toEqual([200, 200]);
  });

  it("lets nobody new in", async () => {
    const station = await startStation();
    const line = await openLine(station.url);
    const stopped = station.stop();
    const agent = new Agent();
    const refused = new Promise<string>((resolve) => {
      const asked = request({ port: station.port, host: "127.0.0.1", path: "/livez", agent }, (response) => {
        void text(response).then(resolve);
      });
      asked.on("error", ({ message }) => {
        resolve(message);
      });
      asked.end();
    });
    expect(await refused).toContain("ECONNREFUSED");
    await stopped;
    expect((await line.closed).code).toBe(1001);
  });
});
