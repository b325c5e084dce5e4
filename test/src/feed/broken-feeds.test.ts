import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Verifier, type VerifierOptions } from "../../../src/engine/verifier.js";
import { Feed, openFeed } from "../../../src/feed/feed.js";
import { Readiness } from "../../../src/server/readiness.js";
import { startServer } from "../../../src/server/server.js";
import { FATES, foundNation, seconds } from "../../support/nation.js";

/** Nothing fails open (contract section 5): whatever is wrong with a feed, no card is accepted, and the server says so. */

const nation = foundNation();
const folder = mkdtempSync(join(tmpdir(), "hufu-broken-"));
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const bytes =
  (content: Uint8Array | string): Answer =>
  (response) =>
    response.end(content);
const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end();
const hang: Answer = () => undefined;
const page = bytes("<!doctype html><title>Not found</title>");

let trustList: Uint8Array;
let snapshot: Uint8Array;
beforeAll(async () => {
  [trustList, snapshot] = await Promise.all([nation.trustList(), nation.snapshot()]);
});

type Files = Record<string, Answer>;
const good = (): Files => ({ "trust.hufu": bytes(trustList), "status.hufu": bytes(snapshot) });

/** A feed whose files can be changed; what is not among them is a 404. */
async function serveFiles(files: Files): Promise<{ url: string; replace: (files: Files) => void; server: Server }> {
  let now = files;
  const server = createServer((request, response) => {
    (now[(request.url ?? "").slice(1)] ?? status(404))(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const replace = (next: Files): void => {
    now = next;
    // What hangs is asked for again.
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, replace, server };
}

interface Running {
  feed: Feed;
  /** Outcome and code of each card, and what /readyz says. */
  ask: () => Promise<{ outcomes: string[]; codes: string[]; ready: number; reasons: string[] }>;
}

/** A verifier that follows the feed behind the real server, as `hufu serve` puts them together. */
async function start(place: string, options: Partial<VerifierOptions> = {}): Promise<Running> {
  const { verifier } = await Verifier.start({ trust: [], awaits: place, workers: 1, ...options });
  const feed = new Feed(openFeed(place), verifier, () => undefined, 50);
  void feed.start();
  const readiness = new Readiness(verifier, feed.state);
  const server = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "test", readiness });
  undo.push(async () => {
    await Promise.all([feed.stop(), server.close()]);
    await verifier.close();
  });
  const base = `http://127.0.0.1:${server.port}`;
  const ask: Running["ask"] = async () => {
    const body = JSON.stringify({ items: nation.cards });
    const answer = await fetch(`${base}/v1/verify`, { method: "POST", body });
    const { verdicts } = (await answer.json()) as { verdicts: { outcome: string; code: string }[] };
    const ready = await fetch(`${base}/readyz`, { headers: { accept: "application/json" } });
    const { reasons } = (await ready.json()) as { reasons: { code: string }[] };
    return {
      outcomes: verdicts.map(({ outcome }) => outcome),
      codes: verdicts.map(({ code }) => code),
      ready: ready.status,
      reasons: reasons.map(({ code }) => code),
    };
  };
  return { feed, ask };
}

const UNKNOWN = { codes: FATES.map(() => "STATUS_UNKNOWN"), outcomes: FATES.map(() => "undetermined"), ready: 503 };
const RECOVERED = { codes: [...FATES], ready: 200, reasons: [] };

/** Undetermined and not ready once the feed was looked at, and ready by itself when the feed is good. */
async function expectUnknownThenReady(running: Running, mend: () => void, reason: string): Promise<void> {
  await expect
    .poll(() => running.ask(), { timeout: 20_000 })
    .toMatchObject({
      ...UNKNOWN,
      reasons: expect.arrayContaining([reason]) as string[],
    });
  mend();
  await expect.poll(() => running.ask(), { timeout: 30_000 }).toMatchObject(RECOVERED);
}

const BROKEN: [string, () => Files, string][] = [
  ["answers 500", () => Object.fromEntries(Object.keys(good()).map((name) => [name, status(500)])), "FEED_UNREACHABLE"],
  ["hangs", () => ({ "trust.hufu": hang, "status.hufu": hang, "delta.hufu": hang }), "FEED_AWAITED"],
  ["hangs over its snapshot", () => ({ ...good(), "status.hufu": hang }), "STATUS_UNKNOWN"],
  ["cuts the line", () => ({ ...good(), "status.hufu": (r) => r.destroy() }), "FEED_UNREACHABLE"],
  ["has nothing", () => ({}), "FEED_FILE"],
  ["has no snapshot", () => ({ "trust.hufu": bytes(trustList) }), "FEED_FILE"],
  [
    "has a snapshot that is cut off",
    () => ({ ...good(), "status.hufu": bytes(snapshot.subarray(0, 300)) }),
    "FEED_FILE",
  ],
  ["has an empty snapshot", () => ({ ...good(), "status.hufu": bytes("") }), "FEED_FILE"],
  ["has garbage for a snapshot", () => ({ ...good(), "status.hufu": bytes("garbage") }), "FEED_FILE"],
  ["has a page for a snapshot", () => ({ ...good(), "status.hufu": page }), "FEED_FILE"],
  ["has a page for everything", () => ({ "trust.hufu": page, "status.hufu": page, "delta.hufu": page }), "FEED_FILE"],
  ["has the trust list for a snapshot", () => ({ ...good(), "status.hufu": bytes(trustList) }), "FEED_FILE"],
];

describe.each([
  ["a trust list named by hand", true],
  ["nothing named by hand", false],
])("with %s, a feed that", (_, byHand) => {
  const options = (): Partial<VerifierOptions> => (byHand ? { trust: trustList } : {});

  it.each(BROKEN)("%s leaves every card undetermined until it is mended", async (__, files, reason) => {
    const { url, replace } = await serveFiles(files());
    await expectUnknownThenReady(await start(url, options()), () => { replace(good()); }, reason); // prettier-ignore
  });

  it("is down leaves every card undetermined until it is up", async () => {
    const { url, server } = await serveFiles(good());
    await new Promise((resolve) => server.close(resolve));
    const port = Number(new URL(url).port);
    await expectUnknownThenReady(await start(url, options()), () => server.listen(port, "127.0.0.1"), "FEED_UNREACHABLE"); // prettier-ignore
  });

  it("cannot be kept, for want of a folder that can be written, leaves every card undetermined", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(folder, "file", "below");
    writeFileSync(join(folder, "file"), "");
    undo.push(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    });
    const { url } = await serveFiles(good());
    const mend = (): void => {
      rmSync(join(folder, "file"));
      mkdirSync(join(folder, "file", "below"), { recursive: true });
    };
    await expectUnknownThenReady(await start(url, options()), mend, "FEED_UNREACHABLE");
    await undo.pop()?.();
    rmSync(join(folder, "file"), { recursive: true });
  });

  it("is a folder that is not there leaves every card undetermined until it is", async () => {
    const place = join(folder, `feed-${byHand}`);
    const mend = (): void => {
      mkdirSync(place);
      writeFileSync(join(place, "trust.hufu"), trustList);
      writeFileSync(join(place, "status.hufu"), snapshot);
    };
    await expectUnknownThenReady(await start(place, options()), mend, "FEED_UNREACHABLE");
  });
});

it("a feed of another root changes nothing, and its cards are not ours", async () => {
  const other = foundNation();
  const files = { "trust.hufu": bytes(await other.trustList({ epoch: 99 })), "status.hufu": bytes(await other.snapshot()) }; // prettier-ignore
  const { url, replace } = await serveFiles(files);
  const running = await start(url, { trust: trustList });
  await expectUnknownThenReady(running, () => { replace(good()); }, "FEED_FILE"); // prettier-ignore
});

it("an expired trust list accepts nobody, and a new one does", async () => {
  const expired = await nation.trustList({ issuedAt: seconds() - 200, expires: seconds() - 100 });
  const { url, replace } = await serveFiles({ ...good(), "trust.hufu": bytes(expired) });
  const running = await start(url);
  await expect.poll(async () => (await running.ask()).reasons, { timeout: 20_000 }).toContain("TRUST_EXPIRED");
  const { outcomes, ready } = await running.ask();
  expect([outcomes[0], ready]).toEqual(["undetermined", 503]);
  const next = await nation.trustList({ epoch: 11, issuedAt: seconds() });
  replace({ ...good(), "trust.hufu": bytes(next) });
  await expect.poll(() => running.ask(), { timeout: 30_000 }).toMatchObject(RECOVERED);
});

it("an older snapshot after a restart is refused, and a newer one taken", async () => {
  const state = join(folder, "state");
  const { url, replace } = await serveFiles(good());
  const first = await start(url, { state });
  await expect.poll(() => first.ask(), { timeout: 20_000 }).toMatchObject(RECOVERED);
  // Only its feed stays.
  const [stopServer, stopVerifier] = undo.splice(0);
  await stopVerifier?.();
  undo.push(stopServer!);
  const older = await nation.snapshot({ epoch: 19, universe: seconds() - 600 });
  replace({ ...good(), "status.hufu": bytes(older) });
  const again = await start(url, { state });
  const newer = await nation.snapshot({ epoch: 21, universe: seconds() });
  await expectUnknownThenReady(again, () => { replace({ ...good(), "status.hufu": bytes(newer) }); }, "FEED_FILE"); // prettier-ignore
});

it("goes without status where it was told to, until the feed has it", async () => {
  const { url, replace } = await serveFiles({ "trust.hufu": bytes(trustList) });
  const running = await start(url, { status: "none" });
  await expect
    .poll(() => running.ask(), { timeout: 20_000 })
    .toMatchObject({
      codes: ["VALID", "VALID", "VALID"],
      ready: 200,
    });
  replace(good());
  await expect.poll(() => running.ask(), { timeout: 20_000 }).toMatchObject(RECOVERED);
});
