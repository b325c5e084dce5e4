import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postOf, RawLine, statusesIn, upgradeOf } from "../../support/raw.js";
import { openLine } from "../../support/line.js";
import { card, type Station, startStation } from "../../support/server.js";

let station: Station;
beforeAll(async () => {
  station = await startStation();
});
afterAll(() => station.stop());

/** Everything that comes back for `request` until the server closes. */
async function answerTo(request: string): Promise<string> {
  const line = new RawLine(station.port);
  await line.send(request);
  return line.end();
}

const BODY = JSON.stringify({ qr: "BB8" });

describe("requests whose extent is in doubt", () => {
  it.each(["xchunked", "gzip, chunked", "identity", "chunked, chunked"])(
    "Transfer-Encoding: %s is not understood, and what follows is not run",
    async (coding) => {
      const head = `POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: ${coding}\r\n\r\n`;
      const answer = await answerTo(`${head}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`);
      expect(statusesIn(answer)).toEqual([501]);
      expect(answer).toContain("UNSUPPORTED_CODING");
    },
  );

  it("chunked is, in whatever case", async () => {
    const line = new RawLine(station.port);
    const head = "POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n";
    await line.send(`${head}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`);
    expect(await line.match(/BAD_ZLIB/)).toMatch(/^HTTP\/1\.1 200 /);
    line.close();
  });
});

describe("a request that does not wait for the answer before", () => {
  it("waits for its turn", async () => {
    const items = Array.from({ length: 1000 }, () => card);
    const line = new RawLine(station.port);
    await line.send(postOf(JSON.stringify({ items })));
    await expect
      .poll(() => station.verifier.stats.slabsFree < station.verifier.stats.slabs, { interval: 1 })
      .toBe(true);
    await line.send(postOf(BODY));
    expect(statusesIn(await line.match(/BAD_ZLIB/))).toEqual([200, 200]);
    line.close();
  });
});

/** The kinds of sockets differ in what never comes as far as the server; docs/protocol.md says how. */
const isNode = process.env["HUFU_SOCKETS"] === "node";

describe("two requests in one packet", () => {
  it("are both answered by node:http; uWebSockets.js cuts the connection before it answers the first", async () => {
    const line = new RawLine(station.port);
    await line.send(postOf(BODY) + postOf(JSON.stringify({ qr: "not base45" })));
    if (isNode) expect(await line.match(/BAD_ZLIB[^]*BAD_BASE45/)).toMatch(/^HTTP\/1\.1 200 /);
    else expect(await line.end()).toBe("");
    line.close();
  });

  it("are both answered by either where the first is a GET, or the second comes in a packet of its own", async () => {
    const line = new RawLine(station.port);
    await line.send(`GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n${postOf(BODY)}`);
    expect(statusesIn(await line.match(/BAD_ZLIB/))).toEqual([200, 200]);
    line.close();
  });
});

describe("bodies that do not come", () => {
  const head = (length: number): string =>
    `POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;

  it.concurrent(
    "a byte short: they hold what their address may, and others are served; then 408",
    async ({ expect }) => {
      const open = await startStation({ trustProxy: ["127.0.0.1"] });
      const from = (address: string): string => `X-Forwarded-For: ${address}\r\n`;
      const length = 5 * 1024 * 1024;
      const lines = Array.from({ length: 13 }, () => new RawLine(open.port));
      const held = head(length).replace("\r\n\r\n", `\r\n${from("192.0.2.1")}\r\n`) + " ".repeat(length - 1);
      await Promise.all(lines.map((line) => line.send(held)));
      const other = new RawLine(open.port);
      await other.send(postOf(BODY, from("192.0.2.2")));
      expect(statusesIn(await other.match(/BAD_ZLIB/))).toEqual([200]);
      other.close();
      const statuses = await Promise.all(lines.map(async (line) => statusesIn(await line.end())));
      expect(new Set(statuses.flat())).toEqual(new Set([408, 429]));
      await open.stop();
    },
  );

  it.concurrent("nothing of it: 408", async ({ expect }) => {
    expect(await answerTo(head(10))).toMatch(/^HTTP\/1\.1 408 [^]*TOO_SLOW/);
  });
});

describe("asking for a stream", () => {
  it("may take several lines for what is one list", async () => {
    const line = new RawLine(station.port);
    const protocols = ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: hufu.v1+json, mqtt"];
    await line.send(upgradeOf(protocols));
    expect(await line.match(/"type":"welcome"/)).toMatch(
      /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: hufu\.v1\+json\r/,
    );
    line.close();
  });

  it.each([
    ["another version", ["Sec-WebSocket-Version: 8"]],
    ["no version", ["Sec-WebSocket-Version: "]],
    ["another protocol", ["Upgrade: h2c"]],
    ["no key", ["Sec-WebSocket-Key: "]],
  ])("%s is a 426 that names the version there is", async (_, headers) => {
    const answer = await answerTo(upgradeOf(headers));
    expect(answer).toMatch(/^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13\r/i);
    expect(answer).toContain("UPGRADE_REQUIRED");
  });
});

describe("frames as they should not be", () => {
  it.concurrent("one beyond the limit closes the connection with 4413, well beyond it too", async ({ expect }) => {
    for (const length of [1_048_577, 2 * 1_048_576 + 1, 15 * 1_048_576]) {
      const line = await openLine(station.url);
      line.send(new Uint8Array(length));
      expect((await line.closed).code, String(length)).toBe(4413);
    }
  });

  it.concurrent("text that is not UTF-8, and one beyond 16 MiB, close it as the sockets do", async ({ expect }) => {
    const notText = new RawLine(station.port);
    await notText.send(upgradeOf());
    await notText.match(/welcome/);
    // A text message of two bytes, masked with zeros (RFC 6455 section 5.2).
    await notText.send(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28));
    const told = Buffer.from(await notText.end(), "latin1").subarray(-20);
    expect(told.includes(Buffer.of(0x88, 2, 1007 >> 8, 1007 & 255))).toBe(isNode);
    const tooLarge = await openLine(station.url);
    tooLarge.send(new Uint8Array(16 * 1_048_576 + 1));
    expect((await tooLarge.closed).code).toBe(isNode ? 1009 : 1006);
  });

  it.concurrent("one that is not masked does not hold its connection", async ({ expect }) => {
    const line = new RawLine(station.port);
    await line.send(upgradeOf());
    await line.match(/welcome/);
    await line.send(Uint8Array.of(0x81, 2, 0x7b, 0x7d));
    // The close frame: its code, and the reason. ws sees it at once, uWebSockets.js waits for the rest of it.
    const said = Buffer.from(await line.end(), "latin1");
    const [code, reason] = isNode ? [1002, ""] : [4408, "no whole frame"];
    expect(said.includes(Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason)]))).toBe(true);
  });
});
