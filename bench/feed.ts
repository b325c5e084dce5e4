import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Authority } from "../src/authority/authority.js";
import { parsePerson, type Person } from "../src/authority/person.js";
import { publishFile } from "../src/authority/publish-file.js";
import type { Published } from "../src/authority/publishing.js";
import { HufuClient } from "../src/client/client.js";
import { Algorithm } from "../src/abi/batch.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../src/format/feed.js";
import { makeResidentId } from "../src/format/resident-id.js";
import { median } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { serve } from "./serve.js";
import { residentMemory } from "./resident.js";
import { switchSnapshots } from "./switch.js";

const VERIFIERS = 2;
/** Each verifier is asked so many texts at each turn: about 2,000 a second in all, a national rail peak. */
const TEXTS_A_TURN = 5;
const TURN_MS = 5;
/** Longer than a verifier waits before it looks at the feed again. */
const SETTLE_MS = 600;
const GOOD_CARDS = 200;

/**
 * How soon a revocation counts. An authority publishes a delta into a folder that verifiers, each a process of its own,
 * follow while this process streams texts to them; what is timed is publishing, until each has answered REVOKED.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const rounds = quick ? 2 : 12;
  const folder = await mkdtemp(join(tmpdir(), "hufu-bench-"));
  const verifiers: ChildProcess[] = [];
  let authority: Authority | undefined;
  const gates: Gate[] = [];
  try {
    authority = await found(join(folder, "authority"));
    const { good, lost } = await enrol(authority, rounds);
    const publish = ({ parts }: Published, name: string): Promise<void> => publishFile(join(folder, name), parts);
    await publish(await authority.publishTrustList(), TRUST_FILE);
    await publish(await authority.publishStatus(), STATUS_FILE);
    for (let i = 0; i < VERIFIERS; i++) gates.push(new Gate(await serve(folder, verifiers), good));
    const switches: Switch[] = [];
    for (const [round, card] of lost.entries()) {
      for (const gate of gates) gate.watch(card.qr);
      // Publishing falls on every part of the verifiers' rhythm.
      await sleep(SETTLE_MS + (SETTLE_MS * round) / rounds);
      await authority.revoke(card.person.id, { actor: "bench", reason: "reported lost" });
      const switched = gates.map((gate) => gate.switched());
      const began = performance.now();
      const delta = await authority.publishDelta();
      for (const gate of gates) gate.publishing(delta.epoch);
      await publish(delta, DELTA_FILE);
      const answered = Math.max(...(await Promise.all(switched)));
      await sleep(TURN_MS * 20);
      switches.push({ ms: answered - began, slowest: Math.max(...gates.map((gate) => gate.slowest)) });
    }
    for (const gate of gates) await gate.end();
    return [...report(switches, gates), ...(await switchSnapshots({ quick })), ...(await residentMemory({ quick }))];
  } finally {
    for (const gate of gates) gate.stop();
    for (const verifier of verifiers) verifier.kill("SIGKILL");
    await authority?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Switch {
  /** From publishing to REVOKED everywhere. */
  ms: number;
  /** The longest that any answer took meanwhile. */
  slowest: number;
}

function report(switches: readonly Switch[], gates: readonly Gate[]): BenchResult[] {
  const times = switches.map(({ ms }) => ms);
  const slowest = switches.map((one) => one.slowest);
  const failed = gates.reduce((sum, gate) => sum + gate.wrong + gate.lost, 0);
  const asked = gates.reduce((sum, gate) => sum + gate.asked, 0);
  return [
    row("freshness", `publish to REVOKED from ${VERIFIERS} processes, median of ${times.length}`, "ms", median(times)),
    row("freshness", "publish to REVOKED, longest", "ms", Math.max(...times)),
    row("freshness", "slowest answer during a switch, median", "ms", median(slowest)),
    row("freshness", "slowest answer during a switch, longest", "ms", Math.max(...slowest)),
    row("freshness", `answers lost or wrong, of ${asked}`, "answers", failed),
  ];
}

/** A steady stream of texts to one verifier, and what comes back. */
class Gate {
  asked = 0;
  wrong = 0;
  slowest = 0;
  readonly #client: HufuClient;
  readonly #timer: NodeJS.Timeout;
  #answered = 0;
  #card: string | undefined;
  /** Whether REVOKED was heard of the card: nothing asked from then on may be answered otherwise. */
  #revoked = false;
  /** Epoch of the delta that revokes the card, once there is one. */
  #epoch = Infinity;
  #onRevoked: (at: number) => void = () => undefined;

  constructor(url: string, good: readonly string[]) {
    this.#client = new HufuClient(url);
    this.#timer = setInterval(() => {
      for (let i = 1; i < TEXTS_A_TURN; i++) void this.#ask(good[this.asked % good.length] ?? "");
      if (this.#card !== undefined) void this.#ask(this.#card);
    }, TURN_MS);
  }

  get lost(): number {
    return this.asked - this.#answered;
  }

  /** Ask for this card too, which is good so far. */
  watch(card: string): void {
    this.#card = card;
    this.#revoked = false;
    this.#epoch = Infinity;
  }

  /** From now on, until the card is REVOKED: resolves with the moment of that answer (performance.now()). */
  switched(): Promise<number> {
    this.slowest = 0;
    return new Promise((resolve) => {
      this.#onRevoked = resolve;
    });
  }

  publishing(epoch: number): void {
    this.#epoch = epoch;
  }

  /** Asks no more, and waits for what is owed. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    for (let waited = 0; this.lost > 0 && waited < 2_000; waited += TURN_MS) await sleep(TURN_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  async #ask(qr: string): Promise<void> {
    this.asked++;
    const asked = performance.now();
    const [card, wasRevoked] = [this.#card, this.#revoked];
    const verdict = await this.#client.verify(qr).catch(() => undefined);
    if (verdict === undefined) return;
    const now = performance.now();
    this.#answered++;
    this.slowest = Math.max(this.slowest, now - asked);
    if (qr === card && card === this.#card) {
      // Old or new as a whole: the code is that of the epoch it names.
      const due = (verdict.epoch ?? 0) < this.#epoch ? "VALID" : "REVOKED";
      if (verdict.code !== due || (wasRevoked && due === "VALID")) this.wrong++;
      if (due === "REVOKED" && !this.#revoked) {
        this.#revoked = true;
        this.#onRevoked(now);
      }
    } else if (verdict.code !== (qr === card ? "REVOKED" : "VALID")) {
      this.wrong++;
    }
  }
}

function found(data: string): Promise<Authority> {
  const validFrom = new Date(Date.now() - 86_400_000);
  return Authority.init({ data, name: "Pilot District", algorithm: Algorithm.ED25519, validFrom });
}

/** People whose cards stay good, and as many as there are rounds who will lose theirs. */
async function enrol(authority: Authority, rounds: number) {
  const people = Array.from({ length: GOOD_CARDS + rounds }, (_, i) => citizen(i));
  const issuedAt = new Date(Date.now() - 3_600_000);
  const enrolled = await authority.enrolMany(people, { actor: "bench", issuedAt });
  const cards = enrolled.flatMap((one) => ("card" in one ? [one.card] : []));
  return { good: cards.slice(rounds).map(({ qr }) => qr), lost: cards.slice(0, rounds) };
}

function citizen(i: number): Person {
  const parsed = parsePerson({ id: makeResidentId("110105", "19600115", i), name: `公民 ${i}` }, new Date());
  if ("faults" in parsed) throw new Error(parsed.faults.map(({ message }) => message).join(", "));
  return parsed.person;
}
