import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readClientFrame } from "../../../src/format/wire/client-frame.js";
import { Metrics } from "../../../src/server/metrics.js";
import { Readiness } from "../../../src/server/readiness.js";
import { probesOf, routesOf } from "../../../src/server/server.js";
import { serverFrames } from "../../support/frames.js";
import { JSON_TWIN, openLine } from "../../support/line.js";
import { card, type Station, startStation } from "../../support/server.js";

interface AsyncApi {
  channels: { stream: { messages: Record<string, { payload: object }> } };
  operations: Record<string, { messages: { $ref: string }[] }>;
}

let station: Station;
let api: AsyncApi;
let judges: Record<string, ValidateFunction>;
beforeAll(async () => {
  station = await startStation();
  api = (await get("/asyncapi.json")) as AsyncApi;
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { "date-time": true } });
  judges = Object.fromEntries(
    Object.entries(api.channels.stream.messages).map(([name, { payload }]) => [name, ajv.compile(payload)]),
  );
});
afterAll(() => station.stop());

async function get(path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${station.port}${path}`)).json();
}

/** What is wrong with a frame, as the schema of its type says. */
function faultsOf(frame: unknown): unknown {
  const judge = judges[(frame as { type: string }).type];
  return judge === undefined ? "no such type" : judge(frame) ? [] : judge.errors;
}

describe("/asyncapi.json", () => {
  it("is what AsyncAPI 3.0 says that it is", () => {
    const specification = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.0.0.json") as object;
    const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false });
    const validate = ajv.compile(specification);
    expect(validate(api), JSON.stringify(validate.errors)).toBe(true);
    const sent = Object.values(api.operations).flatMap(({ messages }) => messages.map(({ $ref }) => $ref));
    expect(sent.sort()).toEqual(
      Object.keys(judges)
        .map((name) => `#/channels/stream/messages/${name}`)
        .sort(),
    );
  });

  it("describes the conversation of docs/frames.json", () => {
    const file = new URL("../../../docs/frames.json", import.meta.url);
    const steps = JSON.parse(readFileSync(file, "utf8")) as { frame?: { type: string } }[];
    const frames = steps.flatMap(({ frame }) => frame ?? []);
    expect(frames.length).toBeGreaterThan(3);
    for (const [index, frame] of frames.entries()) {
      const isRefused = frame.type === "verify" && frames[index + 1]?.type === "error";
      const faults = expect(faultsOf(frame), JSON.stringify(frame));
      if (isRefused) faults.not.toEqual([]);
      else faults.toEqual([]);
    }
  });

  it("describes what a server says, in every type", async () => {
    const line = await openLine(station.url, JSON_TWIN, { claims: true });
    const other = await openLine(station.url, JSON_TWIN);
    const at = "2026-09-21T00:00:00Z";
    for (const items of [[card, "BB8", { qr: card, expect: { name: "张三" } }], []]) {
      line.send(JSON.stringify({ type: "verify", seq: items.length, items, at }));
    }
    const frames = await line.received(3);
    await expect.poll(() => line.credits.length).toBe(1);
    const told = line.credits.map((credits) => ({ type: "credits", credits }));
    for (const frame of [...frames, ...told]) expect(faultsOf(frame), JSON.stringify(frame)).toEqual([]);
    for (const one of [line, other]) one.close();
    fc.assert(fc.property(serverFrames, (frame) => { expect(faultsOf(JSON.parse(JSON.stringify(frame)))).toEqual([]); })); // prettier-ignore
  });

  it("says of a client's frame what the server says of it", () => {
    let taken = 0;
    fc.assert(
      fc.property(clientFrames, (frame) => {
        const isTaken = takes(frame);
        expect(judges[frame["type"] as string]?.(frame) ?? false, JSON.stringify(frame)).toBe(isTaken);
        if (isTaken) taken++;
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});

const odd = fc.constantFrom<unknown>(null, 1, "", "x", {}, [], true);
const fieldsOf = fc.record(
  {
    purpose: fc.constantFrom<unknown>("rail-boarding", "x".repeat(257), 1),
    region: fc.constantFrom<unknown>("110105", "11"),
    audience: fc.constantFrom<unknown>("gate", ""),
    claims: fc.constantFrom<unknown>(true, "true"),
    nonce: fc.constantFrom<unknown>("481 516", ""),
    scan: fc.constantFrom<unknown>("7", 7),
    at: fc.constantFrom<unknown>("2026-10-01T08:00:00+08:00", "2026-10-01"),
    captured: fc.constantFrom<unknown>("2026-10-01T08:00:00Z", "yesterday"),
    expect: fc.constantFrom<unknown>({ id: "11010519491231002X" }, { name: "张三" }, {}, { name: "张三", age: 7 }),
    purpos: odd,
  },
  { requiredKeys: [] },
);
/** Few fields, so that some are right. */
const fields = fc
  .tuple(fieldsOf, fc.nat(3))
  .map(([all, most]) => Object.fromEntries(Object.entries(all).slice(0, most)));
const item = fc.oneof(
  fc.constant<unknown>("BB8"),
  fields.map((rest) => ({ qr: "BB8", ...rest })),
  odd,
);
const hello = fc.record(
  {
    session: fc.constantFrom<unknown>(
      "00".repeat(16),
      "A".repeat(21) + "w",
      "A".repeat(22),
      "A".repeat(21) + "B",
      "00",
      1,
    ),
    lane: fc.constantFrom<unknown>("gate", "bulk", "other"),
  },
  { requiredKeys: [] },
);
const verify = fc.record(
  {
    seq: fc.constantFrom<unknown>(0, 2 ** 53 - 1, -1, 1.5, 2 ** 53, "1"),
    items: fc.oneof(fc.array(item, { minLength: 1, maxLength: 3 }), odd),
  },
  { requiredKeys: ["items"] },
);
const clientFrames: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.tuple(hello, fields).map(([own, rest]) => ({ type: "hello", ...own, ...rest })),
  fc.tuple(verify, fields).map(([own, rest]) => ({ type: "verify", ...own, ...rest })),
);

function takes(frame: unknown): boolean {
  try {
    readClientFrame(frame);
    return true;
  } catch {
    return false;
  }
}

describe("/openapi.json", () => {
  it("names the addresses that there are, and their methods", async () => {
    const { paths } = (await get("/openapi.json")) as { paths: Record<string, object> };
    const { verifier } = station;
    const probes = probesOf("test", new Metrics(() => verifier.stats), new Readiness(verifier), () => false);
    const routes = routesOf(probes, { handle: () => Promise.resolve() }, { version: "test" });
    const methods = (of: object): string[] => Object.keys(of).map((method) => method.toUpperCase()).filter((method) => method !== "HEAD").sort(); // prettier-ignore
    expect(Object.fromEntries(Object.entries(paths).map(([path, of]) => [path, methods(of)]))).toEqual(
      Object.fromEntries([...routes].map(([path, of]) => [path, methods(of)])),
    );
    for (const path of Object.keys(paths)) {
      const answer = await fetch(`http://127.0.0.1:${station.port}${path}`, { method: "DELETE" });
      expect([path, answer.status]).toEqual([path, 405]);
    }
  });
});
