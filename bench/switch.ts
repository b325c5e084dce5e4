import { type ChildProcess, fork } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { publishFile } from "../src/authority/publish-file.js";
import { HufuClient } from "../src/client/client.js";
import { Algorithm, Tier } from "../src/abi/batch.js";
import { STATUS_FILE, TRUST_FILE } from "../src/format/feed.js";
import { encodeTrustList, type TrustedKey } from "../src/format/trust/trust-list.js";
import { CARDS_EXPIRE, type Deck, makeDeck } from "./cards.js";
import { median } from "./measure.js";
import type { PublisherOrders } from "./publisher.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { serve } from "./serve.js";

export const ISSUER = "Pilot District";
export const STATUS_KID = new Uint8Array(8);
export const MEBIBYTE = 2 ** 20;
const NOW = Math.floor(Date.now() / 1000);
const LATER = NOW + 86_400;
/** Texts asked for at each turn: about 2,000 a second. */
const TEXTS_A_TURN = 10;
const TURN_MS = 5;

/** How long a verdict takes while a verifier reads, checks and puts in force a whole nation's snapshot. */
export async function switchSnapshots({ quick }: BenchOptions): Promise<BenchResult[]> {
  const size = quick ? 1 : 24;
  const folder = await mkdtemp(join(tmpdir(), "hufu-bench-"));
  const processes: ChildProcess[] = [];
  const deck = makeDeck(256);
  const publisher = new Publisher(size * MEBIBYTE, join(folder, STATUS_FILE), processes);
  let stream: Stream | undefined;
  try {
    await publishFile(join(folder, TRUST_FILE), [await trustList(deck, await publisher.key)]);
    await publisher.next();
    stream = new Stream(await serve(folder, processes), deck.qrs);
    await stream.reached(1);
    const slowest: number[] = [];
    for (let epoch = 2; epoch < (quick ? 3 : 10); epoch++) {
      await publisher.next(() => stream?.forget());
      await stream.reached(epoch);
      await sleep(200);
      slowest.push(stream.slowest);
    }
    if (stream.wrong > 0)
      throw new Error(`${stream.wrong} of ${stream.answered} answers were wrong: nothing was measured`);
    const name = `slowest answer while a snapshot of ${size} MiB comes into force`;
    return [
      row("freshness", `${name}, median of ${slowest.length}`, "ms", median(slowest)),
      row("freshness", `${name}, longest`, "ms", Math.max(...slowest)),
      row("freshness", `wrong answers meanwhile, of ${stream.answered}`, "answers", stream.wrong),
    ];
  } finally {
    stream?.stop();
    await Promise.all(processes.map(ended));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not by SIGKILL: a verifier has temporary files to remove. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}

/** Good cards asked about all the time. */
export class Stream {
  answered = 0;
  wrong = 0;
  slowest = 0;
  #epoch = 0;
  #next = 0;
  readonly #client: HufuClient;
  readonly #timer: NodeJS.Timeout;

  constructor(url: string, qrs: readonly string[]) {
    this.#client = new HufuClient(url);
    this.#timer = setInterval(() => {
      for (let i = 0; i < TEXTS_A_TURN; i++) void this.#ask(qrs[this.#next++ % qrs.length] ?? "");
    }, TURN_MS);
  }

  forget(): void {
    this.slowest = 0;
  }

  /** Until a verdict rests on this epoch. */
  async reached(epoch: number): Promise<void> {
    while (this.#epoch < epoch) await sleep(TURN_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  async #ask(qr: string): Promise<void> {
    const asked = performance.now();
    const verdict = await this.#client.verify(qr).catch(() => undefined);
    if (verdict === undefined) return;
    this.slowest = Math.max(this.slowest, performance.now() - asked);
    this.#epoch = verdict.epoch ?? 0;
    this.answered++;
    if (verdict.code !== "VALID") this.wrong++;
  }
}

/** Publishes one snapshot after another. */
export class Publisher {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  /** Its key, that of the status. */
  readonly key: Promise<KeyObject>;

  constructor(
    readonly bytes: number,
    readonly path: string,
    started: ChildProcess[],
  ) {
    this.#child = fork(fileURLToPath(new URL("./publisher.js", import.meta.url)));
    started.push(this.#child);
    this.#ended = once(this.#child, "exit").then(() => {
      throw new Error("the publisher of snapshots ended");
    });
    this.#ended.catch(() => undefined);
    this.key = this.#answer().then((hex) =>
      createPublicKey({ key: Buffer.from(String(hex), "hex"), format: "der", type: "spki" }),
    );
  }

  /** `ready` is called when the file is about to be written: what comes before takes time from everyone. */
  async next(ready: () => void = () => undefined): Promise<void> {
    await this.#order({ make: { issuer: ISSUER, bytes: this.bytes, universe: NOW, expires: LATER } });
    await sleep(200);
    ready();
    await this.#order({ publish: this.path });
  }

  async #order(orders: PublisherOrders): Promise<void> {
    const done = this.#answer();
    this.#child.send(orders);
    await done;
  }

  async #answer(): Promise<unknown> {
    const [answer] = (await Promise.race([once(this.#child, "message"), this.#ended])) as unknown[];
    return answer;
  }
}

export function trustList(deck: Deck, statusKey: KeyObject): Promise<Uint8Array> {
  const root = generateKeyPairSync("ed25519");
  const trusted = (publicKey: KeyObject, kid: Uint8Array, use: TrustedKey["use"]): TrustedKey => ({
    kids: [kid],
    algorithm: Algorithm.ED25519,
    publicKey: rawKey(publicKey),
    issuer: ISSUER,
    notBefore: 0,
    notAfter: CARDS_EXPIRE,
    tiers: [Tier.LITE, Tier.FULL],
    use,
    promisesStatus: true,
  });
  const list = {
    authority: ISSUER,
    epoch: 1,
    issuedAt: NOW,
    expires: LATER,
    keys: [trusted(deck.publicKey, deck.kid, "credential"), trusted(statusKey, STATUS_KID, "status")],
    root: { algorithm: Algorithm.ED25519, publicKey: rawKey(root.publicKey) },
  };
  return encodeTrustList(list, signWith(root.privateKey));
}

export function signWith(key: KeyObject): (message: Uint8Array) => Promise<Uint8Array> {
  return (message) => Promise.resolve(new Uint8Array(sign(null, message, key)));
}

/** The key itself: the last bytes of its SubjectPublicKeyInfo (RFC 8410). */
function rawKey(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(-32));
}
