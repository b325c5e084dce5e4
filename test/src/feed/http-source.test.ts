import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Feed, type FeedEvent, openFeed } from "../../../src/feed/feed.js";
import { masked, readFeedAddress } from "../../../src/feed/address.js";
import { HttpSource } from "../../../src/feed/http-source.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function open(address: string, patienceMs?: number): HttpSource {
  const read = readFeedAddress(address);
  if ("folder" in read) throw new Error("a folder");
  return new HttpSource(read, patienceMs === undefined ? {} : { patienceMs });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("the address of a feed", () => {
  it("keeps its query, and sends user and password as a header to its own server only", async () => {
    const asked: IncomingMessage[] = [];
    const elsewhere = await listen((request, response) => {
      asked.push(request);
      response.end("found");
    });
    const here = await listen((request, response) => {
      asked.push(request);
      response.writeHead(302, { Location: `http://user:other@${elsewhere}/moved?x=1` }).end();
    });
    const source = open(`HTTP://g%C3%A4te:p%40ss%25@${here}/feed?sig=a%2Fb&v=2`);
    expect(await source.read("trust.hufu")).toEqual({ found: new TextEncoder().encode("found") });
    expect(asked.map(({ url }) => url)).toEqual(["/feed/trust.hufu?sig=a%2Fb&v=2", "/moved?x=1"]);
    const [first, second] = asked.map(({ headers }) => headers.authorization);
    expect(Buffer.from(first!.slice("Basic ".length), "base64").toString()).toBe("gäte:p@ss%");
    expect(second).toBeUndefined();
  });

  it("is never printed with what is secret in it", async () => {
    const here = await listen((_, response) => response.writeHead(401).end());
    const source = open(`http://user:secret@${here}/feed/?sig=secret&secret`);
    expect(source.place).toBe(`http://${here}/feed/?********=********&********`.replace("********=", "sig="));
    await expect(source.read("trust.hufu")).rejects.toThrow(/^the server answers 401: /);
    for (const address of [
      "http://user:secret@host/feed",
      "http://user:secret@[bad/feed",
      "http://us er:sec/secret@host/feed",
      "HTTPS://secret@host?a=secret&secret#x",
    ]) {
      expect(masked(address)).not.toMatch(/sec/);
    }
    expect(masked("/srv/feed")).toBe("/srv/feed");
    expect(masked("http://host:8080/feed/?")).toBe("http://host:8080/feed/?");
  });

  it.each([
    ["ftp://host/feed", /^ftp:\/\/ is not followed/],
    ["s3://bucket", /^s3:\/\/ is not followed/],
    ["http://user:sec/ret@host", /^it is not an address/],
  ])("%s is refused", (address, why) => {
    expect(() => openFeed(address)).toThrow(why);
  });

  it("may be a folder in several ways", () => {
    for (const place of ["/srv/feed", "file:///srv/feed"]) expect(openFeed(place).place).toBe("/srv/feed");
    expect(openFeed("feed").place).toBe("feed");
  });
});

describe("a server that is broken", () => {
  it.each<[string, RequestListener, RegExp]>([
    ["fails", (_, response) => response.writeHead(500).end(), /^the server answers 500$/],
    ["says nothing", () => undefined, /^nothing came within 0\.1 s$/],
    [
      "stops after the head",
      (_, response) => {
        response.writeHead(200).flushHeaders();
      },
      /^nothing came within 0\.1 s$/,
    ],
    ["stops in the middle", (_, response) => response.writeHead(200).write("half"), /^fewer than 8192 bytes a second/],
    ["cuts the line", (request) => request.socket.destroy(), /^the connection was cut$/],
    [
      "sends in circles",
      ({ url }, response) => response.writeHead(302, { Location: url }).end(),
      /^the server redirects more than 5 times$/,
    ],
    [
      "redirects to a file",
      (_, response) => response.writeHead(301, { Location: "file:///etc/passwd" }).end(),
      /^the server redirects from http:\/\/ to file:\/\/$/,
    ],
    [
      "has 1.1 GiB",
      (_, response) => response.writeHead(200, { "Content-Length": 1_181_116_006 }).write("x"),
      /^it has 1181116006 bytes, and at most 4194304 are read$/,
    ],
    [
      "does not end",
      (_, response) => {
        const more = (): void => {
          while (response.write(Buffer.alloc(65_536)));
        };
        response.on("drain", more);
        more();
      },
      /^it has more than 4194304 bytes/,
    ],
  ])("one that %s", async (_, answer, why) => {
    const source = open(`http://${await listen(answer)}/`, 100);
    await expect(source.read("trust.hufu")).rejects.toThrow(why);
    // Nothing of it is remembered: the next look asks again.
    await expect(source.read("trust.hufu")).rejects.toThrow(why);
  });

  it("is waited for as long as it gets on", async () => {
    const piece = Buffer.alloc(4_000, "x");
    const source = open(
      `http://${await listen((_, response) => {
        let left = 8;
        const timer = setInterval(() => {
          if (left-- > 0) response.write(piece);
          else {
            clearInterval(timer);
            response.end();
          }
        }, 40);
      })}/`,
      200,
    );
    expect(await source.read("trust.hufu")).toMatchObject({ found: { length: 32_000 } });
  });

  it("is not waited for when the feed is to end", async () => {
    const asked: (() => void)[] = [];
    const first = new Promise<void>((resolve) => asked.push(resolve));
    const feed = new Feed(
      openFeed(`http://${await listen(() => { asked.forEach((resolve) => { resolve(); }); })}/`), // prettier-ignore
      { updateTrust: () => undefined, updateStatus: () => Promise.resolve() },
      () => undefined,
    );
    void feed.start();
    await first;
    const began = performance.now();
    await feed.stop();
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

it("a feed that is down and comes back is told of once each, and asked less often meanwhile", async () => {
  let up = false;
  let asked = 0;
  const here = await listen((_, response) => {
    asked++;
    response.writeHead(up ? 404 : 503).end();
  });
  const events: FeedEvent[] = [];
  const target = { updateTrust: () => undefined, updateStatus: () => Promise.resolve() };
  const feed = new Feed(openFeed(`http://${here}/`), target, (event) => events.push(event), 20);
  await feed.start();
  await expect.poll(() => feed.state.failures, { timeout: 30_000 }).toBeGreaterThan(5);
  expect(events.map(({ kind }) => kind)).toEqual(["unreachable"]);
  expect(feed.state).toMatchObject({ looked: true, trouble: "the server answers 503", lastSuccess: undefined });
  // Six looks at the first interval would be over in a tenth of the time that they have taken.
  expect(asked).toBeLessThan(3 * 30);
  up = true;
  await expect.poll(() => events.map(({ kind }) => kind), { timeout: 30_000 }).toEqual(["unreachable", "reachable"]);
  expect(feed.state.trouble).toBeUndefined();
  expect(feed.state.lastSuccess).toBeGreaterThan(0);
  await feed.stop();
});

it("a snapshot that takes long does not hold up what is newer", async () => {
  const source = open(
    `http://${await listen(({ url }, response) => {
      if (url === "/delta.hufu") response.end("delta");
      else if (url === "/trust.hufu") response.writeHead(404).end();
    })}/`,
    60_000,
  );
  const taken: string[] = [];
  const feed = new Feed(
    source,
    {
      updateTrust: () => undefined,
      updateStatus: (...files) => {
        taken.push(...files.map((file) => (file instanceof Uint8Array ? text(file) : "snapshot")));
        return Promise.resolve();
      },
    },
    () => undefined,
  );
  await feed.poll();
  expect(taken).toEqual(["delta"]);
  await feed.stop();
});
