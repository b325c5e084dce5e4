import { rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { Algorithm, Status } from "../../src/abi/batch.js";
import { generateKey } from "../support/keys.js";
import { jwksOf, trusted } from "../support/make-card.js";
import { DAY, type Nation } from "./nation.js";

/** Ways in which a verifier can be started over something that is broken, in none of which a card may be VALID. */

export interface Ground {
  nation: Nation;
  /** Of somebody else: trusted by nobody. */
  stranger: Nation;
  folder: string;
  feed: string;
  /** Write a file; returns its path. */
  file(name: string, bytes: Uint8Array | string): string;
  /** Serve a feed over HTTP as `answer` says; returns its address. */
  http(answer: RequestListener): Promise<string>;
  /** Run a verifier with these arguments until it has the feed, then stop it as a service manager would. */
  runOnce(args: readonly string[]): Promise<void>;
}

/** What is wrong, and what a verifier is started with. */
export interface Condition {
  name: string;
  start(ground: Ground): Promise<Start>;
}

export interface Start {
  serve?: string[];
  verify?: string[];
  env?: Record<string, string>;
  /** The clock, in seconds ahead of this machine's. */
  clock?: number;
  /** It may refuse to start, with exit status 2 and a sentence. */
  mayRefuse?: boolean;
  /** A good card may be refused: nothing is trusted, or it has expired by that clock. */
  mayBeRefused?: boolean;
  /** Readiness cannot know of it: it concerns these cards, not the verifier. */
  mayBeReady?: boolean;
}

const condition = (name: string, start: Condition["start"]): Condition => ({ name, start });

/** A feed as it should be, for a condition to spoil. */
async function goodFeed(ground: Ground): Promise<{ trust: string; status: string }> {
  const { nation, feed } = ground;
  return {
    trust: ground.file(join(feed, "trust.hufu"), await nation.trustList()),
    status: ground.file(join(feed, "status.hufu"), await nation.snapshot()),
  };
}

async function onlyTrust(ground: Ground): Promise<string> {
  return ground.file("trust.hufu", await ground.nation.trustList());
}

const cut = (bytes: Uint8Array, length: number): Uint8Array => bytes.slice(0, length);
function damage(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const place = (at + copy.length) % copy.length;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

/** A feed by folder whose snapshot is spoilt, with the trust list named by hand or taken from it. */
function snapshotIs(
  name: string,
  make: (ground: Ground) => Promise<Uint8Array>,
  more: Partial<Start> = {},
): Condition[] {
  return [false, true].map((named) =>
    condition(`${name}${named ? ", trust named by hand" : ""}`, async (ground) => {
      const { trust, status } = await goodFeed(ground);
      writeFileSync(status, await make(ground));
      const serve = ["--feed", ground.feed, ...(named ? ["--trust", trust] : [])];
      return { serve, ...(named && { verify: ["--trust", trust, "--status", status] }), ...more };
    }),
  );
}

function trustIs(name: string, make: (ground: Ground) => Promise<Uint8Array>, more: Partial<Start> = {}): Condition[] {
  return [false, true].map((named) =>
    condition(`${name}${named ? ", named by hand" : ", from the feed"}`, async (ground) => {
      const { trust, status } = await goodFeed(ground);
      writeFileSync(trust, await make(ground));
      const serve = named ? ["--trust", trust, "--status", status] : ["--feed", ground.feed];
      return { serve, ...(named && { verify: serve }), ...more };
    }),
  );
}

function httpFeed(name: string, answer: (ground: Ground) => Promise<RequestListener> | RequestListener): Condition {
  return condition(`HTTP feed: ${name}`, async (ground) => {
    const trust = await onlyTrust(ground);
    return { serve: ["--trust", trust, "--feed", await ground.http(await answer(ground))] };
  });
}

const WRONG = { good: Status.GOOD, revoked: Status.GOOD, suspended: Status.GOOD };

export const CONDITIONS: Condition[] = [
  condition("trust alone", async (ground) => {
    const trust = await onlyTrust(ground);
    return { serve: ["--trust", trust], verify: ["--trust", trust] };
  }),
  condition("trust alone, and a greatest age of status", async (ground) => ({
    serve: ["--trust", await onlyTrust(ground), "--status-max-age", "60"],
  })),
  condition("feed folder is empty", async (ground) => ({
    serve: ["--trust", await onlyTrust(ground), "--feed", ground.feed],
  })),
  condition("feed folder is not there", async (ground) => {
    rmSync(ground.feed, { recursive: true });
    return { serve: ["--trust", await onlyTrust(ground), "--feed", ground.feed], mayRefuse: true };
  }),
  condition("feed folder is a file", async (ground) => {
    rmSync(ground.feed, { recursive: true });
    ground.file(ground.feed, "not a folder");
    return { serve: ["--trust", await onlyTrust(ground), "--feed", ground.feed], mayRefuse: true };
  }),
  condition("feed without a snapshot", async (ground) => {
    const { status } = await goodFeed(ground);
    rmSync(status);
    return { serve: ["--feed", ground.feed] };
  }),
  condition("feed of nothing, and no trust", (ground) =>
    Promise.resolve({ serve: ["--feed", ground.feed], mayRefuse: true, mayBeRefused: true }),
  ),
  ...snapshotIs("snapshot is truncated in its body", async ({ nation }) => cut(await nation.snapshot(), -30)),
  ...snapshotIs("snapshot is truncated in its head", async ({ nation }) => cut(await nation.snapshot(), 40)),
  ...snapshotIs("snapshot is empty", () => Promise.resolve(new Uint8Array())),
  ...snapshotIs("snapshot is damaged in its body", async ({ nation }) => damage(await nation.snapshot(), -1)),
  ...snapshotIs("snapshot is damaged in its head", async ({ nation }) => damage(await nation.snapshot(), 30)),
  ...snapshotIs("snapshot is a page of a captive portal", () =>
    Promise.resolve(Buffer.from("<!doctype html><title>Sign in</title>")),
  ),
  ...snapshotIs("snapshot is signed by a stranger", ({ stranger }) => stranger.snapshot({ statuses: WRONG })),
  ...snapshotIs("snapshot is of another issuer", ({ nation }) =>
    nation.snapshot({ issuer: "elsewhere.example", statuses: WRONG }),
  ),
  ...snapshotIs("snapshot has expired", ({ nation }) =>
    nation.snapshot({ expires: nation.now - 60, universe: nation.now - DAY }),
  ),
  ...snapshotIs("snapshot is of tomorrow", ({ nation }) =>
    nation.snapshot({
      universe: nation.now + DAY,
      epoch: nation.now + DAY,
      expires: nation.now + 2 * DAY,
      statuses: WRONG,
    }),
  ),
  ...snapshotIs("snapshot has the last epoch there is", ({ nation }) =>
    nation.snapshot({ epoch: 0xffffffff, statuses: WRONG }),
  ),
  ...snapshotIs(
    "cards were issued after the snapshot",
    ({ nation }) => nation.snapshot({ universe: nation.now - 60 * DAY, epoch: nation.now - 60 * DAY }),
    { mayBeReady: true },
  ),
  ...trustIs("trust list has expired", ({ nation }) =>
    nation.trustList({ issuedAt: nation.now - 90 * DAY, expires: nation.now - 30 * DAY }),
  ),
  ...trustIs("trust list is of 300 days ahead", ({ nation }) =>
    nation.trustList({ issuedAt: nation.now + 300 * DAY, expires: nation.now + 400 * DAY }),
  ),
  ...trustIs("status key is not in the trust list", ({ nation }) => nation.trustList({ others: [] }), {
    mayRefuse: true,
  }),
  ...trustIs(
    "status key in the trust list is another",
    ({ nation }) => {
      const other = trusted(generateKey(Algorithm.ED25519), {
        issuer: nation.issuer,
        use: "status",
        promisesStatus: true,
      });
      return nation.trustList({ others: [other] });
    },
    { mayRefuse: true },
  ),
  ...trustIs("trust list is damaged", async ({ nation }) => damage(await nation.trustList(), -40), {
    mayRefuse: true,
    mayBeRefused: true,
  }),
  ...trustIs("trust list is truncated", async ({ nation }) => cut(await nation.trustList(), 60), {
    mayRefuse: true,
    mayBeRefused: true,
  }),
  condition("snapshot is older than the greatest age", async (ground) => {
    const { trust, status } = await goodFeed(ground);
    writeFileSync(status, await ground.nation.snapshot({ universe: ground.nation.now - 3600 }));
    return { serve: ["--trust", trust, "--status", status, "--status-max-age", "60"] };
  }),
  condition("feed of another root", async (ground) => {
    ground.file(
      join(ground.feed, "trust.hufu"),
      await ground.stranger.trustList({ others: [ground.stranger.statusTrust, ground.nation.credentialTrust] }),
    );
    ground.file(join(ground.feed, "status.hufu"), await ground.stranger.snapshot({ statuses: WRONG }));
    return { serve: ["--trust", await onlyTrust(ground), "--feed", ground.feed], mayRefuse: true };
  }),
  condition("feed of another root, a JWK set beside the list", async (ground) => {
    const jwks = ground.file("keys.jwks", jwksOf([generateKey(Algorithm.P256)]));
    ground.file(join(ground.feed, "trust.hufu"), await ground.stranger.trustList({ epoch: ground.nation.now + 60 }));
    ground.file(join(ground.feed, "status.hufu"), await ground.stranger.snapshot({ statuses: WRONG }));
    return { serve: ["--trust", await onlyTrust(ground), jwks, "--feed", ground.feed], mayRefuse: true };
  }),
  condition("another root after a restart", async (ground) => {
    const { trust, status } = await goodFeed(ground);
    await ground.runOnce(["--feed", ground.feed]);
    writeFileSync(
      trust,
      await ground.stranger.trustList({
        epoch: ground.nation.now + 60,
        others: [ground.stranger.statusTrust, ground.nation.credentialTrust],
      }),
    );
    writeFileSync(status, await ground.stranger.snapshot({ statuses: WRONG, epoch: ground.nation.now + 60 }));
    return { serve: ["--feed", ground.feed], mayRefuse: true };
  }),
  condition("older snapshot after a restart", async (ground) => {
    const { status } = await goodFeed(ground);
    await ground.runOnce(["--feed", ground.feed]);
    writeFileSync(status, await ground.nation.snapshot({ epoch: ground.nation.now - 100, statuses: WRONG }));
    return { serve: ["--feed", ground.feed], mayRefuse: true };
  }),
  condition("older trust list after a restart", async (ground) => {
    const { trust, status } = await goodFeed(ground);
    await ground.runOnce(["--feed", ground.feed]);
    writeFileSync(trust, await ground.nation.trustList({ epoch: ground.nation.now - 100 }));
    rmSync(status);
    return { serve: ["--feed", ground.feed], mayRefuse: true };
  }),
  ...[-DAY, -380 * DAY, 400 * DAY].map((clock) =>
    condition(`clock ${clock > 0 ? "ahead" : "back"} ${Math.abs(clock) / DAY} days, from a feed`, async (ground) => {
      await goodFeed(ground);
      return { serve: ["--feed", ground.feed], clock, mayBeRefused: clock > 0 };
    }),
  ),
  ...[-DAY, -380 * DAY, 400 * DAY].map((clock) =>
    condition(`clock ${clock > 0 ? "ahead" : "back"} ${Math.abs(clock) / DAY} days, from files`, async (ground) => {
      const { trust, status } = await goodFeed(ground);
      const args = ["--trust", trust, "--status", status];
      return { serve: args, verify: args, clock, mayBeRefused: clock > 0 };
    }),
  ),
  condition("clock back a day after a restart", async (ground) => {
    await goodFeed(ground);
    await ground.runOnce(["--feed", ground.feed]);
    return { serve: ["--feed", ground.feed], clock: -DAY };
  }),
  condition("state folder is a file", async (ground) => {
    await goodFeed(ground);
    return { serve: ["--feed", ground.feed], env: { HUFU_STATE: ground.file("not-a-folder", "") }, mayRefuse: true };
  }),
  condition("HTTP feed: nobody listens", async (ground) => ({
    serve: ["--trust", await onlyTrust(ground), "--feed", "http://127.0.0.1:1/"],
  })),
  httpFeed("500 for everything", () => (_request, response) => response.writeHead(500).end()),
  httpFeed("403 for everything", () => (_request, response) => response.writeHead(403).end()),
  httpFeed("404 for everything", () => (_request, response) => response.writeHead(404).end()),
  httpFeed("hangs before its head", () => () => undefined),
  httpFeed("hangs in the midst of the snapshot", async ({ nation }) => {
    const [trust, status] = [await nation.trustList(), await nation.snapshot()];
    return (request, response) => {
      if (request.url?.endsWith("trust.hufu") === true) response.end(trust);
      else if (request.url?.endsWith("status.hufu") === true)
        response.writeHead(200, { "content-length": status.length }).write(status.subarray(0, 50));
      else response.writeHead(404).end();
    };
  }),
  httpFeed(
    "a page for everything",
    () => (_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>"),
  ),
  httpFeed("the snapshot cut off", async ({ nation }) => {
    const [trust, status] = [await nation.trustList(), await nation.snapshot()];
    return (request, response) => {
      if (request.url?.endsWith("trust.hufu") === true) response.end(trust);
      else if (request.url?.endsWith("status.hufu") === true) {
        response.writeHead(200, { "content-length": status.length }).write(status.subarray(0, 50));
        setTimeout(() => response.destroy(), 50);
      } else response.writeHead(404).end();
    };
  }),
];
