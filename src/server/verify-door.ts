import type { z } from "zod";
import { parseTime } from "../format/time.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { Census } from "./census.js";
import type { Budget, Exchange } from "./exchange.js";
import { verifyMany, verifyOne } from "./messages.js";
import { PerAddress } from "./per-address.js";
import { Problem } from "./problem.js";
import type { Tally } from "./tally.js";
import { bearerOf, outOfScope, type TokenCheck } from "./token.js";

/** Bytes of a body: 1,000 of the longest texts and the fields about them. */
export const MAX_BODY_LENGTH = 5 * 1024 * 1024;
/** Bytes of bodies that are read at once, of all requests. */
const MAX_BODIES_LENGTH = 64 * 1024 * 1024;

/** The HTTP door: `POST /v1/verify`. */
export class VerifyDoor {
  readonly #tally: Tally;
  readonly #token: TokenCheck;
  readonly #addresses: PerAddress;
  readonly #bodies: Budget = { left: MAX_BODIES_LENGTH };
  readonly atWork = new Census();

  constructor(tally: Tally, token: TokenCheck, perAddress: number) {
    this.#tally = tally;
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
    const { qrs, requests, single } = readBody(body);
    for (const request of new Set(requests)) {
      const fault = outOfScope(scope, request);
      if (fault !== undefined) throw new Problem("FORBIDDEN", fault);
    }
    const requirementsOf = memo((request: VerifyRequest) => this.#tally.judge.requirementsOf(request, "card"));
    const verdicts = await new Promise<readonly Verdict[]>((resolve) => {
      this.#tally.ask("http", qrs, (index) => requirementsOf(requests[index] ?? {}), resolve);
    });
    if (verdicts.every(({ code }) => code === "BUSY")) {
      throw new Problem("BUSY", "no room for another batch; ask again in a second", { "Retry-After": "1" });
    }
    exchange.json(single ? verdicts[0] : { verdicts });
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

interface Asked {
  qrs: string[];
  /** What is asked of each; one object for all that ask the same. */
  requests: VerifyRequest[];
  single: boolean;
}

function readBody(body: Buffer): Asked {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new Problem("BAD_REQUEST", "the body is not JSON");
  }
  if (typeof value === "object" && value !== null && "items" in value) {
    const { items, ...fields } = check(verifyMany, value);
    const common = requestOf(fields);
    const asked = items.map((item) => {
      if (typeof item === "string") return { qr: item, request: common };
      const { qr, ...own } = item;
      return { qr, request: Object.keys(own).length === 0 ? common : { ...common, ...requestOf(own) } };
    });
    return { qrs: asked.map(({ qr }) => qr), requests: asked.map(({ request }) => request), single: false };
  }
  const { qr, ...fields } = check(verifyOne, value);
  return { qrs: [qr], requests: [requestOf(fields)], single: true };
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

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Of what an item may be, the fullest form says best what is wrong.
  const inner = issue?.code === "invalid_union" ? issue.errors.at(-1)?.[0] : undefined;
  const where = [...(issue?.path ?? []), ...(inner?.path ?? [])].join(".") || "the body";
  throw new Problem("BAD_REQUEST", `${where}: ${(inner ?? issue)?.message ?? "wrong"}`);
}

type Fields = Omit<z.infer<typeof verifyOne>, "qr">;

function requestOf({ purpose, region, audience, at, claims }: Fields): VerifyRequest {
  const time = at === undefined ? undefined : parseTime(at);
  return {
    ...(purpose !== undefined && { purpose }),
    ...(region !== undefined && { region }),
    ...(audience !== undefined && { audience }),
    ...(time !== undefined && { at: time }),
    ...(claims !== undefined && { claims }),
  };
}
