import { createHash } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Feed, type FeedEvent, type FeedSource, openFeed, readFirst } from "../../../src/server/feed.js";

/** Takes what it is given, but for files that begin with "bad". */
class Target {
  readonly taken: string[] = [];

  updateTrust(file: Uint8Array): void {
    this.#take([file]);
  }

  updateStatus(...files: Uint8Array[]): Promise<void> {
    return Promise.resolve().then(() => {
      this.#take(files);
    });
  }

  #take(files: Uint8Array[]): void {
    const texts = files.map((file) => new TextDecoder().decode(file));
    if (texts.some((text) => text.startsWith("bad"))) throw new Error("refused");
    this.taken.push(texts.join("+"));
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hufu-feed-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function publish(name: string, content: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), content);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

/** The folder over HTTP, with entity tags. */
async function serve(): Promise<{ server: Server; url: string; answers: number[] }> {
  const answers: number[] = [];
  const { readFile } = await import("node:fs/promises");
  const server = createServer((request, response) => {
    const name = (request.url ?? "/").slice("/feed/".length);
    void readFile(join(folder, name)).then(
      (content) => {
        const tag = `"${createHash("sha256").update(content).digest("hex")}"`;
        response.statusCode = request.headers["if-none-match"] === tag ? 304 : 200;
        answers.push(response.statusCode);
        response.setHeader("ETag", tag).end(response.statusCode === 200 ? content : undefined);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`, answers };
}

describe.each(["folder", "http"])("a feed from a %s", (kind) => {
  let source: FeedSource;
  let server: Server | undefined;
  beforeEach(async () => {
    server = undefined;
    if (kind === "folder") source = openFeed(folder);
    else {
      const served = await serve();
      server = served.server;
      source = openFeed(served.url);
    }
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it("starts with what is there and says so where there is no trust list", async () => {
    await expect(readFirst(source)).rejects.toThrow(/no trust.hufu/);
    await publish("trust.hufu", "t1");
    await publish("delta.hufu", "d1");
    const { trust, status } = await readFirst(source);
    expect([...trust, ...status].map((file) => new TextDecoder().decode(file))).toEqual(["t1", "d1"]);
  });

  it("reads into shared memory, so that threads need no copy", async () => {
    const content = "s".repeat(300_000);
    await publish("status.hufu", content);
    const file = await source.read("status.hufu");
    expect(file?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(new TextDecoder().decode(file)).toBe(content);
  });

  it("puts each new file in force once, a snapshot together with the delta beside it", async () => {
    const target = new Target();
    const events: FeedEvent[] = [];
    const feed = new Feed(source, target, (event) => events.push(event));
    await publish("trust.hufu", "t1");
    await publish("status.hufu", "s1");
    await feed.poll();
    await feed.poll();
    await publish("delta.hufu", "d1");
    await feed.poll();
    await publish("status.hufu", "s2");
    await feed.poll();
    expect(target.taken).toEqual(["t1", "s1", "d1", "s2+d1"]);
    expect(events.every(({ kind: what }) => what === "in-force")).toBe(true);
  });

  it("keeps a delta that came before its snapshot", async () => {
    const target = new Target();
    const events: FeedEvent[] = [];
    const feed = new Feed(source, target, (event) => events.push(event));
    await publish("delta.hufu", "bad base");
    await feed.poll();
    expect(events).toMatchObject([{ kind: "refused", files: ["delta.hufu"] }]);
    await publish("status.hufu", "s1");
    await feed.poll();
    expect(events[1]).toMatchObject({ kind: "refused", files: ["status.hufu", "delta.hufu"] });
    await publish("delta.hufu", "d2");
    await publish("status.hufu", "s2");
    await feed.poll();
    expect(target.taken).toEqual(["s2+d2"]);
  });

  it("follows until stopped", async () => {
    const target = new Target();
    const took = new Promise<void>((resolve) => {
      const feed = new Feed(source, target, () => { void feed.stop().then(resolve); }, 5); // prettier-ignore
      feed.start();
    });
    await publish("trust.hufu", "t1");
    await took;
    expect(target.taken).toEqual(["t1"]);
  });
});

it("what was read before another file cannot be read is not lost", async () => {
  const target = new Target();
  const events: FeedEvent[] = [];
  const source = openFeed(folder);
  const broken = new Set<string>();
  const feed = new Feed(
    {
      read: (name) => (broken.has(name) ? Promise.reject(new Error(`${name} cannot be read`)) : source.read(name)),
    },
    target,
    (event) => events.push(event),
  );
  for (const name of ["trust", "status", "delta"]) await publish(`${name}.hufu`, name.slice(0, 1));
  broken.add("status.hufu");
  await feed.poll();
  expect(target.taken).toEqual(["t"]);
  broken.clear();
  broken.add("delta.hufu");
  await feed.poll();
  expect(target.taken).toEqual(["t"]);
  broken.clear();
  await feed.poll();
  await feed.poll();
  expect(target.taken).toEqual(["t", "s+d"]);
  expect(events.map(({ kind }) => kind)).toEqual(["in-force", "unreachable", "unreachable", "in-force"]);
});

describe("over HTTP", () => {
  it("reads a body whose length was not announced", async () => {
    const server = createServer((_, response) => {
      for (const piece of ["one ", "and two ", "and three"]) response.write(piece);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const source = openFeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(new TextDecoder().decode(await source.read("trust.hufu"))).toBe("one and two and three");
    server.closeAllConnections();
    server.close();
  });

  it("asks with the entity tag it was given, and reports a feed that is not reachable", async () => {
    const { server, url, answers } = await serve();
    await publish("trust.hufu", "t1");
    const events: FeedEvent[] = [];
    const feed = new Feed(openFeed(url), new Target(), (event) => events.push(event));
    await feed.poll();
    await feed.poll();
    expect(answers).toEqual([200, 304]);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await feed.poll();
    expect(events.map(({ kind }) => kind)).toEqual(["in-force", "unreachable"]);
  });
});
