import { randomUUID } from "node:crypto";
import type { BodyBudget } from "./bodies.js";
import type { Peers } from "./peers.js";
import { acceptsJson } from "./health.js";
import { Problem } from "./problem.js";
import type { HttpRequest, HttpResponse } from "./sockets/seam.js";

/**
 * The least rate of a body: so much in any so many seconds, until it is whole. What is slower is told so before
 * uWebSockets.js cuts it without a word, which it does below the same rate after 8 to 12 seconds.
 */
const PACE_SECONDS = 5;
const PACE_BYTES = PACE_SECONDS * 16 * 1024;

/**
 * One HTTP request and its answer. uWebSockets.js allows no touch of a response that was aborted and reads of a request
 * only before the handler returns; both are kept here, once.
 */
export class Exchange {
  readonly requestId = randomUUID();
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly host: string;
  readonly idempotencyKey: string;
  /** Does whoever asks say that JSON is read? */
  readonly acceptsJson: boolean;
  /** Of the web page that a browser sends this for; empty for others. */
  readonly origin: string;
  /** Whose request it is, for what is counted by address. */
  readonly address: string;
  /** Why the extent of the request is in doubt, if it is: the rest might pass for a request of its own. */
  readonly framing: Problem | undefined;
  readonly #response: HttpResponse;
  readonly #contentLength: number;
  readonly #onEnd: (() => void)[] = [];
  #headers: Readonly<Record<string, string>> = {};
  /** Close the connection after the answer. */
  isLast = false;
  #paused = false;
  #over = false;

  constructor(response: HttpResponse, request: HttpRequest, peers: Peers) {
    this.#response = response;
    this.method = request.getMethod().toUpperCase();
    this.path = request.getUrl();
    this.authorization = request.getHeader("authorization");
    this.idempotencyKey = request.getHeader("idempotency-key");
    this.host = request.getHeader("host");
    this.acceptsJson = acceptsJson(request.getHeader("accept"));
    this.origin = request.getHeader("origin");
    this.address = peers.ownerOf({
      peer: Buffer.from(response.getRemoteAddressAsText()).toString(),
      forwardedFor: peers.trustsAny ? joined(request, "x-forwarded-for") : "",
      forwarded: peers.trustsAny ? joined(request, "forwarded") : "",
    });
    this.framing = checkFraming(request);
    this.#contentLength = Number(request.getHeader("content-length") || 0);
    response.onAborted(() => {
      this.#end();
    });
  }

  /** Answered, or the peer is gone. */
  get over(): boolean {
    return this.#over;
  }

  /** Called once, when the answer is given or the peer is gone. */
  onEnd(listener: () => void): void {
    this.#onEnd.push(listener);
  }

  /** Headers of whatever answer is given. */
  set headers(headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
  }

  /**
   * The whole body. Rejects with Problem beyond `limit` bytes or the budget, and where it comes too slowly; never settles
   * when the peer goes first.
   */
  body(limit: number, budget: BodyBudget): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const tooLarge = new Problem("TOO_LARGE", `a body has at most ${limit} bytes`);
      if (this.#contentLength > limit) {
        reject(tooLarge);
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      const pace = keepPace(() => length, reject);
      this.onEnd(() => {
        clearInterval(pace);
        budget.give(this.address, length);
      });
      this.#response.onData((chunk, isLast) => {
        if (this.#over) return;
        length += chunk.byteLength;
        const refused = budget.take(this.address, chunk.byteLength);
        if (length > limit || refused !== undefined) {
          reject(refused ?? tooLarge);
          return;
        }
        // The chunk's memory is taken back when this callback returns.
        chunks.push(Buffer.from(new Uint8Array(chunk)));
        if (!isLast) return;
        clearInterval(pace);
        this.#pause();
        resolve(Buffer.concat(chunks, length));
      });
    });
  }

  /** uWebSockets.js cuts a connection on which a request arrives before the last was answered: it is not read till then. */
  #pause(): void {
    this.#paused = true;
    this.#response.pause();
  }

  send(
    type: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
    status = "200 OK",
  ): void {
    this.#send(status, type, body, headers, this.isLast);
  }

  json(value: unknown): void {
    this.send("application/json", JSON.stringify(value));
  }

  /** Answer that there is nothing more to say. */
  done(headers: Readonly<Record<string, string>>): void {
    this.#send("204 No Content", undefined, "", headers, this.isLast);
  }

  /** Refuse. The connection is closed: what was not read of the request must not pass for another. */
  refuse(problem: Problem): void {
    this.#send(problem.status, "application/problem+json", problem.body(this.requestId), problem.headers, true);
  }

  #send(
    status: string,
    type: string | undefined,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    close: boolean,
  ): void {
    if (this.#over) return;
    if (this.#paused) this.#response.resume();
    this.#response.cork(() => {
      this.#response.writeStatus(status).writeHeader("X-Request-Id", this.requestId);
      if (type !== undefined) this.#response.writeHeader("Content-Type", type);
      this.#response.writeHeader("X-Content-Type-Options", "nosniff").writeHeader("Cache-Control", "no-store");
      for (const [name, value] of Object.entries(this.#headers)) this.#response.writeHeader(name, value);
      for (const [name, value] of Object.entries(headers)) this.#response.writeHeader(name, value);
      if (type === undefined) this.#response.endWithoutBody(undefined, close);
      else if (this.method === "HEAD") this.#response.endWithoutBody(Buffer.byteLength(body), close);
      else this.#response.end(body, close);
    });
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const listener of this.#onEnd) listener();
  }
}

/** Reject once too little of a body has come in the last seconds. */
function keepPace(length: () => number, reject: (problem: Problem) => void): ReturnType<typeof setInterval> {
  const lengths = [0];
  return setInterval(() => {
    lengths.push(length());
    if (lengths.length <= PACE_SECONDS || length() - (lengths.shift() ?? 0) >= PACE_BYTES) return;
    const rate = `${PACE_BYTES / PACE_SECONDS / 1024} KiB a second`;
    reject(new Problem("TOO_SLOW", `a body is whole within ${PACE_SECONDS} seconds, or comes with ${rate}`));
  }, 1_000);
}

/** All values of a header, as one list (RFC 9110 section 5.3): uWebSockets.js gives the first line only. */
export function joined(request: HttpRequest, header: string): string {
  const values: string[] = [];
  request.forEach((name, value) => {
    if (name === header) values.push(value);
  });
  return values.join(",");
}

/**
 * uWebSockets.js takes the first of several Content-Length headers, and reads whatever Transfer-Encoding as chunked (RFC
 * 9112 sections 6.1 and 6.3 want such requests refused).
 */
function checkFraming(request: HttpRequest): Problem | undefined {
  let lengths = 0;
  const codings: string[] = [];
  request.forEach((name, value) => {
    if (name === "content-length") lengths++;
    if (name === "transfer-encoding") codings.push(value);
  });
  if (lengths + codings.length > 1) {
    return new Problem("BAD_REQUEST", "a request has one Content-Length or one Transfer-Encoding, not several");
  }
  const [coding = "chunked"] = codings;
  if (coding.toLowerCase() === "chunked") return undefined;
  return new Problem("UNSUPPORTED_CODING", "the one Transfer-Encoding that is understood is chunked");
}
