import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StatusSource } from "../../../src/engine/state.js";
import { StatusError } from "../../../src/format/status/error.js";
import { Feed, type FeedEvent, openFeed } from "../../../src/feed/feed.js";
import type { FeedSource, Look } from "../../../src/feed/source.js";

/** Takes what it is given, but for files that begin with "bad", and with "early" where no snapshot is beside them. */
class Target {
  readonly taken: string[] = [];
  full = false;

  updateTrust(file: Uint8Array): void {
    this.#take([new TextDecoder().decode(file)]);
  }

  async updateStatus(...files: StatusSource[]): Promise<void> {
    if (this.full) throw new StatusError("NOT_STORED", "no room");
    this.#take(await Promise.all(files.map(contentOf)));
  }

  #take(texts: string[]): void {
    if (texts[0]?.startsWith("early") === true) throw new StatusError("WRONG_BASE", "it is early");
    const isBad = (text: string): boolean => text.startsWith("bad");
    const good = texts.filter((text) => !isBad(text));
    if (good.length > 0) this.taken.push(good.join("+"));
    if (texts.some(isBad)) throw new StatusError("BAD_SIGNATURE", "it is bad", texts.findIndex(isBad));
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

/** What a look has found; another outcome as it is called. */
async function foundBy<T>(look: Promise<Look<T>>): Promise<T> {
  const seen = await look;
  if (typeof seen === "object" && "found" in seen) return seen.found;
  throw new Error(typeof seen === "string" ? seen : seen.foreign);
}

function contentOf(file: StatusSource | undefined): Promise<string> {
  if (file === undefined) return Promise.resolve("");
  return file instanceof Uint8Array ? Promise.resolve(new TextDecoder().decode(file)) : readFile(file.path, "utf8");
}

/** The folder over HTTP, with entity tags. */
async function serve(): Promise<{ server: Server; url: string; answers: number[] }> {
  const answers: number[] = [];
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

  it("tells a file that is there from one that is not, and gives it again when asked to", async () => {
    expect(await source.read("trust.hufu")).toBe("absent");
    await publish("trust.hufu", "t1");
    expect(await contentOf(await foundBy(source.read("trust.hufu")))).toBe("t1");
    expect(await source.read("trust.hufu")).toBe("unchanged");
    source.forget("trust.hufu");
    expect(await contentOf(await foundBy(source.read("trust.hufu")))).toBe("t1");
  });

  it.each(["", "<!doctype html><title>Not found</title>", "\ufeff\n <html>", "<?xml version='1.0'?>"])(
    "passes over %j, which is no file of a feed, until one is there",
    async (page) => {
      const events: FeedEvent[] = [];
      const target = new Target();
      const feed = new Feed(source, target, (event) => events.push(event));
      for (const name of ["trust", "status", "delta"]) await publish(`${name}.hufu`, page);
      await feed.poll();
      await feed.poll();
      expect(events.map((event) => event.kind === "passed-over" && event.file)).toEqual([
        "trust.hufu",
        "status.hufu",
        "delta.hufu",
      ]);
      for (const name of ["trust", "status", "delta"]) await publish(`${name}.hufu`, name.slice(0, 1));
      await feed.poll();
      expect(target.taken).toEqual(["t", "s+d"]);
      expect([...feed.state.faults]).toEqual([]);
      await feed.stop();
    },
  );

  it("says where a large file lies, once, until it is released", async () => {
    const content = "s".repeat(300_000);
    await publish("status.hufu", content);
    const file = await foundBy(source.locate("status.hufu"));
    expect(await contentOf(file)).toBe(content);
    expect(await source.locate("status.hufu")).toBe("unchanged");
    expect(await source.locate("nonesuch")).toBe("absent");
    await source.release();
    expect(await readdir(folder)).toEqual(["status.hufu"]);
  });

  it("tries a snapshot again that there was no room for", async () => {
    const target = new Target();
    const events: FeedEvent[] = [];
    const feed = new Feed(source, target, (event) => events.push(event));
    await publish("status.hufu", "s1");
    target.full = true;
    await feed.poll();
    await feed.poll();
    target.full = false;
    await feed.poll();
    await feed.poll();
    expect(target.taken).toEqual(["s1"]);
    // Told once, however often it was tried.
    expect(events.map(({ kind: what }) => what)).toEqual(["refused", "in-force"]);
    await feed.stop();
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

  it("keeps a delta that came before its snapshot, and tells of it only where it stays alone", async () => {
    const target = new Target();
    const events: FeedEvent[] = [];
    const feed = new Feed(source, target, (event) => events.push(event));
    await publish("delta.hufu", "early 1");
    await feed.poll();
    expect(events).toEqual([]);
    await publish("status.hufu", "s1");
    await feed.poll();
    expect(target.taken).toEqual(["s1+early 1"]);
    await publish("delta.hufu", "early 2");
    await feed.poll();
    await feed.poll();
    await feed.poll();
    expect(events.slice(1)).toMatchObject([{ kind: "refused", files: ["delta.hufu"] }]);
    await publish("status.hufu", "s2");
    await feed.poll();
    expect(target.taken).toEqual(["s1+early 1", "s2+early 2"]);
  });

  it("takes a snapshot beside which a damaged delta lies, and the next good delta", async () => {
    const target = new Target();
    const events: FeedEvent[] = [];
    const feed = new Feed(source, target, (event) => events.push(event));
    await publish("delta.hufu", "bad 1");
    await publish("status.hufu", "s1");
    await feed.poll();
    expect(target.taken).toEqual(["s1"]);
    expect([...feed.state.faults]).toEqual([
      ["trust.hufu", "it is not there"],
      ["delta.hufu", "it is refused: it is bad"],
    ]);
    await publish("delta.hufu", "d1");
    await feed.poll();
    expect(target.taken).toEqual(["s1", "d1"]);
    expect(feed.state.faults.has("delta.hufu")).toBe(false);
    expect(events.map(({ kind: what }) => what)).toEqual(["refused", "in-force", "in-force"]);
  });

  it("looks again at what was refused when trust has changed", async () => {
    const target = new Target();
    const feed = new Feed(source, target, () => undefined);
    const update = target.updateStatus.bind(target);
    target.updateStatus = (...files) =>
      target.taken.includes("t2") ? update(...files) : Promise.reject(new StatusError("UNKNOWN_KEY", "no such key"));
    for (const name of ["trust", "status", "delta"]) await publish(`${name}.hufu`, `${name.slice(0, 1)}1`);
    await feed.poll();
    await feed.poll();
    expect(target.taken).toEqual(["t1"]);
    await publish("trust.hufu", "t2");
    await feed.poll();
    expect(target.taken).toEqual(["t1", "t2", "s1+d1"]);
  });

  it("follows until stopped", async () => {
    const target = new Target();
    const took = new Promise<void>((resolve) => {
      const feed = new Feed(source, target, () => { void feed.stop().then(resolve); }, 5); // prettier-ignore
      void feed.start();
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
  const unlessBroken =
    <T>(read: (name: string) => Promise<T>) =>
    (name: string): Promise<T> =>
      broken.has(name) ? Promise.reject(new Error(`${name} cannot be read`)) : read(name);
  const feed = new Feed(
    {
      place: source.place,
      read: unlessBroken((name) => source.read(name)),
      locate: unlessBroken((name) => source.locate(name)),
      forget: (name) => {
        source.forget(name);
      },
      release: () => source.release(),
      abort: () => undefined,
    },
    target,
    (event) => events.push(event),
  );
  for (const name of ["trust", "status", "delta"]) await publish(`${name}.hufu`, name.slice(0, 1));
  broken.add("status.hufu");
  await feed.poll();
  // What can be read is not held up.
  expect(target.taken).toEqual(["t", "d"]);
  expect(feed.state).toMatchObject({ trouble: "status.hufu: status.hufu cannot be read", failures: 1 });
  broken.clear();
  broken.add("delta.hufu");
  await feed.poll();
  expect(target.taken).toEqual(["t", "d", "s+d"]);
  broken.clear();
  await feed.poll();
  await feed.poll();
  expect(target.taken).toEqual(["t", "d", "s+d"]);
  expect(events.map(({ kind }) => kind)).toEqual(["in-force", "in-force", "unreachable", "in-force", "reachable"]);
  expect(feed.state).toMatchObject({ trouble: undefined, failures: 2 });
});

describe("over HTTP", () => {
  it("reads a body whose length was not announced", async () => {
    const server = createServer((_, response) => {
      for (const piece of ["one ", "and two ", "and three"]) response.write(piece);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const source = openFeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(new TextDecoder().decode(await foundBy(source.read("trust.hufu")))).toBe("one and two and three");
    server.closeAllConnections();
    server.close();
  });

  it("keeps a located file for this user only, and removes it on release", async () => {
    const { server, url } = await serve();
    await publish("status.hufu", "s1");
    const source = openFeed(url);
    const { path } = await foundBy(source.locate("status.hufu"));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    await source.release();
    await expect(stat(dirname(path))).rejects.toThrow(/ENOENT/);
    server.closeAllConnections();
    server.close();
  });

  it("a transfer that breaks off is not taken for the file, and the file is asked for again", async () => {
    let whole = false;
    const server = createServer((_, response) => {
      response.writeHead(200, { ETag: '"1"', "Content-Length": "8" }).write("half");
      if (whole) response.end("half");
      else setImmediate(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const source = openFeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await expect(source.locate("status.hufu")).rejects.toThrow();
    await expect(source.read("trust.hufu")).rejects.toThrow();
    whole = true;
    expect(await contentOf(await foundBy(source.locate("status.hufu")))).toBe("halfhalf");
    expect(await contentOf(await foundBy(source.read("trust.hufu")))).toBe("halfhalf");
    await source.release();
    server.closeAllConnections();
    server.close();
  });

  it("takes a file that a server sends again without an entity tag for the one it was", async () => {
    let content = "first";
    const server = createServer((_, response) => response.end(content));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const source = openFeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(await contentOf(await foundBy(source.locate("status.hufu")))).toBe("first");
    expect(await source.locate("status.hufu")).toBe("unchanged");
    expect(await contentOf(await foundBy(source.read("delta.hufu")))).toBe("first");
    expect(await source.read("delta.hufu")).toBe("unchanged");
    content = "second";
    expect(await contentOf(await foundBy(source.locate("status.hufu")))).toBe("second");
    expect(await contentOf(await foundBy(source.read("delta.hufu")))).toBe("second");
    await source.release();
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
