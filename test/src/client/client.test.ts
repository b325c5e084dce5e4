import { createServer, type Server as TcpServer, connect, type Socket as TcpSocket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type ClientOptions, HufuClient, type Verdict, type VerifyRequest } from "../../../src/client/client.js";
import { at, card, codes, fate, type Station, startStation, texts } from "../../support/server.js";

let station: Station;
beforeAll(async () => {
  station = await startStation({ credits: 512 });
});
afterAll(() => station.stop());

function* cards(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield texts[fate(i)]!;
}

/** A line that counts its frames. */
function spied() {
  let count = 0;
  class Spied extends WebSocket {
    override send(data: string | Uint8Array): void {
      count++;
      super.send(data);
    }
  }
  return { tell: Spied as unknown as NonNullable<ClientOptions["WebSocket"]>, frames: () => count };
}

const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => codes[fate(i)]!);

describe.each(["msgpack", "json"] as const)("HufuClient over %s", (notation) => {
  it("verifies one and many, in order, beyond the credits", async () => {
    const client = new HufuClient(`http://127.0.0.1:${station.port}`, { notation });
    expect(await client.verify(card, { at })).toMatchObject({ outcome: "accepted", code: "VALID", tier: "full" });
    expect(await client.verify(new TextEncoder().encode(card), { at, claims: true })).toMatchObject({
      claims: { 4: "张秀英" },
    });
    const got: string[] = [];
    for await (const { code } of client.verifyMany(cards(3000), { at })) got.push(code);
    expect(got).toEqual(expected(3000));
    client.close();
  });

  it("asks of each text what is of it alone, in frames that they share", async () => {
    const { tell, frames } = spied();
    const client = new HufuClient(station.url, { notation, WebSocket: tell });
    // Few are somebody else's: of one card that is soon enough guessed at too often.
    const kindOf = (i: number): number => (i % 300 === 1 ? 2 : i % 2);
    const numbers = [undefined, "11010519491231002X", "110105194912310038"];
    const verdicts = [["VALID", undefined], ["VALID", true], ["IDENTITY_MISMATCH", false]]; // prettier-ignore
    const questions = Array.from({ length: 600 }, (_, i) => {
      const id = numbers[kindOf(i)];
      return id === undefined ? card : { qr: card, expect: { id } };
    });
    const got: Verdict[] = [];
    for await (const verdict of client.verifyMany(questions, { at })) got.push(verdict);
    expect(got.map(({ code, matches }) => [code, matches?.id])).toEqual(questions.map((_, i) => verdicts[kindOf(i)]));
    expect(frames()).toBeLessThan(20);
    client.close();
  });

  it("rejects what is misspelt or not read before it is sent", async () => {
    const client = new HufuClient("ws://127.0.0.1:1", { notation, attempts: 1 });
    const misspelt = { purpos: "rail-boarding" } as VerifyRequest;
    await expect(client.verify(card, misspelt)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message:
        '"purpos" is not a field here: there are purpose, region, audience, nonce, scan, at, captured, claims, expect',
    });
    await expect(client.verify(card, { audience: "x".repeat(257) })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await expect(client.verifyMany([card], misspelt).next()).rejects.toMatchObject({ code: "BAD_REQUEST" });
    client.close();
    expect(() => new HufuClient(station.url, { notatoin: "json" } as ClientOptions)).toThrow(
      '"notatoin" is not an option of HufuClient: there are token, notation, WebSocket, lane, attempts, timeoutMs, onEvent',
    );
  });

  it("rejects a request that the server refuses, and goes on", async () => {
    const client = new HufuClient(station.url, { notation });
    await expect(client.verify(card, { at, region: "11" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect((await client.verify("A".repeat(2_000_000))).code).toBe("TOO_LONG");
    client.close();
    await expect(client.verify(card)).rejects.toThrow("closed");
  });
});

describe("backpressure", () => {
  it("takes no more from its source than is read at the other end", async () => {
    const client = new HufuClient(station.url);
    let taken = 0;
    function* endless(): Generator<string> {
      for (;;) {
        taken++;
        yield "BB8";
      }
    }
    let read = 0;
    for await (const { code } of client.verifyMany(endless())) {
      expect(code).toBe("BAD_ZLIB");
      if (++read === 10_000) break;
    }
    expect(taken).toBeLessThan(10_000 + 4_096 + 2);
    client.close();
  });

  it("yields a verdict while its source is still waiting for the next card", async () => {
    const client = new HufuClient(station.url);
    let next: (qr: string) => void = () => undefined;
    async function* gate(): AsyncGenerator<string> {
      for (;;) yield await new Promise<string>((resolve) => (next = resolve));
    }
    const verdicts = client.verifyMany(gate(), { at });
    for (const [i, text] of texts.entries()) {
      const verdict = verdicts.next();
      await new Promise((resolve) => setImmediate(resolve));
      next(text);
      expect((await verdict).value).toMatchObject({ code: codes[i] });
    }
    client.close();
  });

  it("passes on what its source throws, after the verdicts before", async () => {
    const client = new HufuClient(station.url);
    const got: string[] = [];
    function* failing(): Generator<string> {
      yield "BB8";
      throw new Error("the camera is gone");
    }
    await expect(async () => {
      for await (const { code } of client.verifyMany(failing())) got.push(code);
    }).rejects.toThrow("the camera is gone");
    expect(got).toEqual(["BAD_ZLIB"]);
    client.close();
  });
});

describe("a bad line", () => {
  /** Forwards to the server and cuts the line again and again. */
  class BadLine {
    readonly #tcp: TcpServer;
    readonly #sockets = new Set<TcpSocket>();
    cuts = 0;

    constructor(target: number) {
      this.#tcp = createServer((near) => {
        const far = connect(target, "127.0.0.1");
        this.#sockets.add(near);
        let budget = 40_000;
        near.on("data", (chunk: Buffer) => far.write(chunk));
        far.on("data", (chunk: Buffer) => {
          near.write(chunk);
          budget -= chunk.length;
          // In the middle of an answer, wherever that is.
          if (budget < 0 && this.cuts < 10) {
            this.cuts++;
            near.destroy();
          }
        });
        near.on("close", () => far.destroy());
        far.on("close", () => near.destroy());
        near.on("error", () => undefined);
        far.on("error", () => undefined);
      });
    }

    async open(): Promise<number> {
      await new Promise<void>((resolve) => this.#tcp.listen(0, "127.0.0.1", resolve));
      return (this.#tcp.address() as { port: number }).port;
    }

    close(): void {
      this.#tcp.close();
      for (const socket of this.#sockets) socket.destroy();
    }
  }

  it("loses and swaps nothing when the connection is cut ten times", async () => {
    const line = new BadLine(station.port);
    const client = new HufuClient(`ws://127.0.0.1:${await line.open()}`);
    const got: string[] = [];
    for await (const { code } of client.verifyMany(cards(10_000), { at })) got.push(code);
    expect(line.cuts).toBe(10);
    expect(got).toEqual(expected(10_000));
    client.close();
    line.close();
  });

  it("rejects when no server is there, and tries anew when asked again", async () => {
    const line = new BadLine(station.port);
    const port = await line.open();
    line.close();
    const client = new HufuClient(`ws://127.0.0.1:${port}`, { attempts: 2 });
    await expect(client.verify(card)).rejects.toMatchObject({ code: "UNREACHABLE" });
    await expect(client.verify(card)).rejects.toMatchObject({ code: "UNREACHABLE" });
    client.close();
  });

  it("rejects at once when its token is refused", async () => {
    const guarded = await startStation({ tokens: [{ token: "s3cret", at: true }] });
    const url = `http://127.0.0.1:${guarded.port}`;
    const stranger = new HufuClient(url, { token: "guess" });
    await expect(stranger.verify(card)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    const friend = new HufuClient(url, { token: "s3cret" });
    expect((await friend.verify(card, { at })).code).toBe("VALID");
    stranger.close();
    friend.close();
    await guarded.stop();
  });

  it("asks again when the server sends what is no frame", async () => {
    let connections = 0;
    const liar = new WebSocketServer({ port: 0, handleProtocols: () => "hufu.v1+json" });
    liar.on("connection", (socket) => {
      const lies = ++connections === 1;
      socket.on("message", (data: Buffer) => {
        const { type, seq, session } = JSON.parse(data.toString()) as { type: string; seq: number; session: string };
        if (type === "hello") {
          const most = { items: 10, bytes: 99_999 };
          socket.send(JSON.stringify({ type: "welcome", server: "x", session, resumed: false, credits: most, limits: most })); // prettier-ignore
          return;
        }
        const verdicts = lies ? [] : [{ outcome: "refused", code: "BAD_ZLIB" }];
        socket.send(JSON.stringify({ type: "verdicts", seq, epoch: null, verdicts }));
      });
    });
    const client = new HufuClient(`ws://127.0.0.1:${(liar.address() as { port: number }).port}`, { notation: "json" });
    expect((await client.verify("BB8")).code).toBe("BAD_ZLIB");
    expect(connections).toBe(2);
    client.close();
    liar.close();
  });
});
