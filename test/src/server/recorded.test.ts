import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonCodec, readServerFrame } from "../../../src/format/wire/frame.js";
import { readClientFrame } from "../../../src/format/wire/client-frame.js";
import { msgpackCodec } from "../../../src/format/wire/msgpack.js";
import { JSON_TWIN, Line, MSGPACK } from "../../support/line.js";
import { type Station, startStation } from "../../support/server.js";

/** One step of the conversation that docs/frames.json records. */
interface Step {
  from: "client" | "server";
  /** The same map in both notations, and its bytes in MessagePack. */
  frame?: Record<string, unknown>;
  msgpack?: string;
  /** How the server ends it. */
  close?: number;
  reason?: string;
}

const steps = JSON.parse(readFileSync(new URL("../../../docs/frames.json", import.meta.url), "utf8")) as Step[];
const bytesOf = ({ msgpack = "" }: Step): Buffer => Buffer.from(msgpack, "hex");

let station: Station;
beforeAll(async () => {
  station = await startStation();
});
afterAll(() => station.stop());

describe("docs/frames.json", () => {
  it("has the same frames in MessagePack as in JSON, and a client understands them", () => {
    for (const step of steps.filter(({ frame }) => frame !== undefined)) {
      expect(msgpackCodec.decode(bytesOf(step))).toEqual(step.frame);
      if (step.from === "server") expect(readServerFrame(step.frame)).toEqual(step.frame);
    }
    expect(readClientFrame(steps[0]?.frame)).toMatchObject({ type: "hello", lane: "gate" });
  });

  it.each([MSGPACK, JSON_TWIN])("is what is said over %s", async (subprotocol) => {
    const line = new Line(station.url, [subprotocol]);
    await line.opened;
    let heard = 0;
    for (const step of steps) {
      if (step.from === "client") {
        const isJson = subprotocol === jsonCodec.subprotocol;
        line.send(isJson ? JSON.stringify(step.frame) : bytesOf(step));
      } else if (step.close === undefined) {
        const frames = await line.received(++heard);
        expect(frames[heard - 1]).toEqual({
          ...step.frame,
          ...(heard === 1 && { resumed: expect.any(Boolean) as boolean }),
        });
      } else {
        expect(await line.closed).toEqual({ code: step.close, reason: step.reason });
      }
    }
    expect(line.frames).toHaveLength(heard);
  });
});
