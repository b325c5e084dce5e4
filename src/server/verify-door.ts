import { RequestError } from "../format/wire/request.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { Answers, workOf } from "./asking.js";
import { BodyBudget } from "../http/bodies.js";
import { Census } from "./census.js";
import { GATE_CREDITS } from "./credits.js";
import type { Exchange } from "../http/exchange.js";
import { Idempotency, keyOf } from "./idempotency.js";
import { PerAddress } from "../http/per-address.js";
import { Problem } from "../http/problem.js";
import { type Questions, readQuestions } from "./questions.js";
import type { Quotas } from "./quota.js";
import type { Refusal, Schedule } from "./schedule.js";
import type { Question, Tally } from "./tally.js";
import type { Desk } from "./session.js";
import type { Party } from "./sessions.js";
import type { Owner } from "./turns.js";
import { bearerOf, outOfScope, type TokenCheck } from "./token.js";

/** Bytes of a body: 1,000 of the longest texts and the fields about them. */
export const MAX_BODY_LENGTH = 5 * 1024 * 1024;

/** What the door stands on, with sessions. */
type DoorDesk = Pick<Desk, "tally" | "schedule" | "quotas">;

/** The HTTP door: `POST /v1/verify`. */
export class VerifyDoor {
  readonly #tally: Tally;
  readonly #schedule: Schedule;
  readonly #quotas: Quotas;
  readonly #token: TokenCheck;
  readonly #addresses: PerAddress;
  readonly #bodies = new BodyBudget();
  readonly #answered = new Idempotency();
  readonly atWork = new Census();

  constructor({ tally, schedule, quotas }: DoorDesk, token: TokenCheck, perAddress: number) {
    this.#tally = tally;
    this.#schedule = schedule;
    this.#quotas = quotas;
    this.#token = token;
    this.#addresses = new PerAddress(perAddress);
  }

  /** Rejects with Problem. */
  async handle(exchange: Exchange): Promise<void> {
    const scope = this.#token.scopeOf(bearerOf(exchange.authorization));
    if (scope === undefined) {
      throw new Problem("UNAUTHORIZED", "send Authorization: Bearer <token>", { "WWW-Authenticate": "Bearer" });
    }
    this.#enter(exchange);
    const body = await exchange.body(MAX_BODY_LENGTH, this.#bodies);
    const party = { scope, name: this.#token.partyOf(scope) };
    const key = keyOf(exchange.idempotencyKey);
    const answer = (): Promise<string> => this.#answer(exchange, party, body, key);
    const text = await (key === undefined ? answer() : this.#answered.once(party.name, key, body, answer));
    exchange.send("application/json", text);
  }

  /** The answer to a body, as JSON. Rejects with Problem. */
  async #answer(exchange: Exchange, { scope, name: party }: Party, body: Buffer, key?: string): Promise<string> {
    const came = performance.now();
    const { qrs, requests, single } = readBody(body);
    for (const request of new Set(requests)) {
      const fault = outOfScope(scope, request);
      if (fault !== undefined) throw new Problem("FORBIDDEN", fault);
    }
    const requirementsOf = memo((request: VerifyRequest) => this.#tally.requirementsOf(scope, request));
    // Texts that are asked about by one request have its scan and their places.
    const isShared = new Set(requests).size < requests.length;
    const question: Question = {
      door: "http",
      lane: qrs.length <= GATE_CREDITS.items ? "gate" : "bulk",
      party,
      qrs,
      requirementsOf: (index: number) => requirementsOf(requests[index] ?? {}),
      scanOf: (index: number) => {
        const { scan } = requests[index] ?? {};
        const own = key === undefined ? [exchange.requestId, index] : ["key", key, index];
        const place = scan === undefined ? own : isShared ? [scan, index] : [scan];
        return JSON.stringify([party, ...place]);
      },
    };
    const owner = { party, address: exchange.address, quota: this.#quotas.of(scope) };
    // Whoever names a request may come again for its answer.
    if (key === undefined)
      exchange.onEnd(() => {
        this.#schedule.leave(owner);
      });
    const verdicts = await this.#answerTo(question, owner, body.length).finally(() => {
      this.#tally.metrics.took("http", came);
    });
    // Where only the ring was asked, and had no room.
    if (verdicts.every(({ code }) => code === "BUSY")) throw problemOf({ because: "no-room", retryAfterMs: 1_000 });
    return JSON.stringify(single ? verdicts[0] : { verdicts });
  }

  /**
   * Takes its turn as what comes over streams does: in the lane of gates what a gate may ask at a time, else as bulk work.
   * Never settles when the peer goes first. Rejects with Problem where there is no room.
   */
  #answerTo(question: Question, owner: Owner, bytes: number): Promise<readonly Verdict[]> {
    const { qrs, lane } = question;
    return new Promise((resolve, reject) => {
      const answers = new Answers(qrs.length);
      const work = workOf(this.#tally, question, bytes, (from, part, refusal) => {
        answers.take(from, part);
        if (refusal !== undefined) reject(problemOf(refusal));
        else if (answers.isWhole) resolve(answers.verdicts);
      });
      this.#schedule.ask(lane, owner, work);
    });
  }

  #enter(exchange: Exchange): void {
    const { address } = exchange;
    if (this.#addresses.isFull(address)) {
      throw new Problem("TOO_MANY_CONNECTIONS", `one address may have ${this.#addresses.most} requests at work`);
    }
    this.#addresses.enter(address);
    this.atWork.enter(1);
    exchange.onEnd(() => {
      this.#addresses.leave(address);
      this.atWork.leave(1);
    });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readBody(body: Buffer): Questions {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw new Problem("BAD_REQUEST", "the body is not JSON in UTF-8");
  }
  try {
    return readQuestions(value);
  } catch (error) {
    throw error instanceof RequestError ? new Problem("BAD_REQUEST", error.message) : error;
  }
}

/** As a refused request hears it: in whole seconds (RFC 9110 section 10.2.3), and more exactly. */
function problemOf({ because, retryAfterMs }: Refusal): Problem {
  const headers = { "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
  const [code, detail] =
    because === "quota"
      ? (["RATE_LIMITED", "this token has asked all that it may for now"] as const)
      : (["BUSY", "no room for another batch"] as const);
  return new Problem(code, detail, headers, { retryAfterMs });
}

/** `work`, done once for each object. */
function memo<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? work(key);
    known.set(key, value);
    return value;
  };
}
