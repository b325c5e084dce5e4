import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { HufuClient, type LineEvent } from "../../../src/client/client.js";
import { at, card, startStation } from "../../support/server.js";

/** What happens to a line, and a promise of the next event of a type. */
class Events {
  readonly all: LineEvent[] = [];
  #waiting: (() => void)[] = [];

  readonly hear = (event: LineEvent): void => {
    this.all.push(event);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  async until(type: LineEvent["type"], count = 1): Promise<void> {
    while (this.all.filter((event) => event.type === type).length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** Takes connections and says nothing. */
async function startMute(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.unref();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  server.unref();
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

describe("a client of several servers", () => {
  it("asks the next where the first is not there", async () => {
    const station = await startStation();
    const events = new Events();
    const client = new HufuClient(["ws://127.0.0.1:1", station.url], { onEvent: events.hear });
    expect((await client.verify(card, { at })).code).toBe("VALID");
    expect(events.all.map(({ type, url }) => [type, new URL(url).port])).toEqual([
      ["lost", "1"],
      ["waiting", String(station.port)],
      ["welcomed", String(station.port)],
    ]);
    client.close();
    await station.stop();
  });

  it("moves to the next when one drains, and is told so", async () => {
    const [one, other] = await Promise.all([startStation(), startStation()]);
    const events = new Events();
    const client = new HufuClient([one.url, other.url], { onEvent: events.hear });
    expect((await client.verify(card, { at })).code).toBe("VALID");
    const stopped = one.stop();
    await events.until("lost");
    expect(events.all.map(({ type }) => type)).toEqual(["welcomed", "draining", "lost"]);
    expect(events.all.at(-1)).toMatchObject({ url: one.url, code: 1001 });
    expect((await client.verify(card, { at })).code).toBe("VALID");
    expect(events.all.at(-1)).toMatchObject({ type: "welcomed", url: other.url, server: "test", resumed: false });
    client.close();
    await Promise.all([stopped, other.stop()]);
  });

  it("rejects what has no answer in time, and goes on", async () => {
    const mute = await startMute();
    const client = new HufuClient(`ws://127.0.0.1:${mute.port}`, { timeoutMs: 50 });
    await expect(client.verify(card)).rejects.toMatchObject({ code: "TIMED_OUT", message: "no verdict in 50 ms" });
    await expect(client.verifyMany([card]).next()).rejects.toMatchObject({ code: "TIMED_OUT" });
    client.close();
    mute.close();
    const station = await startStation();
    const patient = new HufuClient(station.url, { timeoutMs: 60_000 });
    expect((await patient.verify(card, { at })).code).toBe("VALID");
    patient.close();
    await station.stop();
  });

  it("says by a code why there is no verdict", async () => {
    const station = await startStation({ tokens: [{ token: "gate", purposes: ["rail-boarding"] }] });
    const reasons = async (client: HufuClient): Promise<unknown> => {
      const answer = await client.verify(card, { purpose: "bank-account" }).catch((error: unknown) => error);
      client.close();
      return answer;
    };
    expect(await reasons(new HufuClient(station.url))).toMatchObject({ name: "HufuClientError", code: "UNAUTHORIZED" });
    expect(await reasons(new HufuClient(station.url, { token: "gate" }))).toMatchObject({ code: "FORBIDDEN" });
    const closed = new HufuClient(station.url, { token: "gate" });
    closed.close();
    expect(await reasons(closed)).toMatchObject({ code: "CLIENT_CLOSED" });
    await station.stop();
  });
});
