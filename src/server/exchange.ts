import { randomUUID } from "node:crypto";
import { Problem } from "./problem.js";
import type { HttpRequest, HttpResponse } from "./sockets.js";

/** Bytes that all bodies together may still take. */
export interface Budget {
  left: number;
}

/**
 * One HTTP request and its answer. uWebSockets.js allows no touch of a response that was aborted and reads of a request
 * only before the handler returns; both are kept here, once.
 */
export class Exchange {
  readonly requestId = randomUUID();
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  /** Address of the peer, as text. */
  readonly address: string;
  /** Why the extent of the request is in doubt, if it is: the rest might pass for a request of its own. */
  readonly framing: Problem | undefined;
  readonly #response: HttpResponse;
  readonly #contentLength: number;
  readonly #onEnd: (() => void)[] = [];
  #over = false;

  constructor(response: HttpResponse, request: HttpRequest) {
    this.#response = response;
    this.method = request.getMethod().toUpperCase();
    this.path = request.getUrl();
    this.authorization = request.getHeader("authorization");
    this.address = Buffer.from(response.getRemoteAddressAsText()).toString();
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

  /** The whole body. Rejects with Problem beyond `limit` bytes or the budget; never settles when the peer goes first. */
  body(limit: number, budget: Budget): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const tooLarge = new Problem("TOO_LARGE", `a body has at most ${limit} bytes`);
      if (this.#contentLength > limit) {
        reject(tooLarge);
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      this.onEnd(() => {
        budget.left += length;
      });
      this.#response.onData((chunk, isLast) => {
        if (this.#over) return;
        length += chunk.byteLength;
        budget.left -= chunk.byteLength;
        if (length > limit) {
          reject(tooLarge);
        } else if (budget.left < 0) {
          reject(new Problem("BUSY", "too many large requests at once", { "Retry-After": "1" }));
        } else {
          // The chunk's memory is taken back when this callback returns.
          chunks.push(Buffer.from(new Uint8Array(chunk)));
          if (isLast) resolve(Buffer.concat(chunks, length));
        }
      });
    });
  }

  send(type: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    this.#send("200 OK", type, body, headers, false);
  }

  json(value: unknown): void {
    this.send("application/json", JSON.stringify(value));
  }

  /** Refuse. The connection is closed: what was not read of the request must not pass for another. */
  refuse(problem: Problem): void {
    this.#send(problem.status, "application/problem+json", problem.body(this.requestId), problem.headers, true);
  }

  #send(
    status: string,
    type: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    close: boolean,
  ): void {
    if (this.#over) return;
    this.#response.cork(() => {
      this.#response.writeStatus(status).writeHeader("Content-Type", type).writeHeader("X-Request-Id", this.requestId);
      this.#response.writeHeader("X-Content-Type-Options", "nosniff").writeHeader("Cache-Control", "no-store");
      for (const [name, value] of Object.entries(headers)) this.#response.writeHeader(name, value);
      if (this.method === "HEAD") this.#response.endWithoutBody(Buffer.byteLength(body), close);
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

/** uWebSockets.js takes the first of several Content-Length headers (RFC 9112 section 6.3 wants such requests refused). */
function checkFraming(request: HttpRequest): Problem | undefined {
  let lengths = 0;
  let encodings = 0;
  request.forEach((name) => {
    if (name === "content-length") lengths++;
    if (name === "transfer-encoding") encodings++;
  });
  if (lengths + encodings <= 1) return undefined;
  return new Problem("BAD_REQUEST", "a request has one Content-Length or one Transfer-Encoding, not several");
}
