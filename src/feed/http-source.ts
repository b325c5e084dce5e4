import { createHash, type Hash } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { FileTooLarge } from "../engine/bounded-file.js";
import { PrivateFolder } from "../engine/private-folder.js";
import { reasonOf } from "../engine/reason.js";
import { concat } from "../format/bytes.js";
import { addressOf, masked } from "./address.js";
import { type FeedSource, foreignOf, type Look, mostOf } from "./source.js";
import { Patience } from "./patience.js";

/** A server that sends elsewhere more often sends in circles. */
const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** A feed over HTTP. */
export class HttpSource implements FeedSource {
  readonly place: string;
  readonly #base: URL;
  readonly #authorization: string | undefined;
  readonly #patienceMs: number | undefined;
  readonly #tags = new Map<string, string>();
  /** SHA-256 of what was last returned, of servers that give no tags. */
  readonly #hashes = new Map<string, string>();
  readonly #folder: PrivateFolder;
  readonly #asking = new Set<Patience>();
  #aborted = false;

  constructor(
    { base, authorization }: { base: URL; authorization: string | undefined },
    { within, patienceMs }: { within?: string | undefined; patienceMs?: number } = {},
  ) {
    this.#folder = new PrivateFolder(within);
    this.place = masked(base.href);
    this.#base = base;
    this.#authorization = authorization;
    this.#patienceMs = patienceMs;
  }

  read(name: string): Promise<Look<Uint8Array>> {
    return this.#ask(name, async (pieces) => {
      const read: Uint8Array[] = [];
      for await (const piece of pieces) read.push(piece);
      return concat(...read);
    });
  }

  locate(name: string): Promise<Look<{ path: string }>> {
    return this.#ask(name, async (pieces) => {
      const path = await this.#folder.path(name);
      // What breaks off must not lie where one is that came whole.
      await writeFile(`${path}.part`, pieces, { mode: 0o600 });
      await rename(`${path}.part`, path);
      return { path };
    });
  }

  forget(name: string): void {
    this.#tags.delete(name);
    this.#hashes.delete(name);
  }

  release(): Promise<void> {
    return this.#folder.remove();
  }

  abort(): void {
    this.#aborted = true;
    for (const patience of this.#asking) patience.abort(givenUp());
  }

  /** What `take` makes of a file that is new. */
  async #ask<T>(name: string, take: (pieces: AsyncIterable<Uint8Array>) => Promise<T>): Promise<Look<T>> {
    if (this.#aborted) throw givenUp();
    const patience = new Patience(this.#patienceMs);
    this.#asking.add(patience);
    try {
      return await this.#look(name, take, patience);
    } catch (error) {
      // What was aborted says why it was.
      throw new Error(reasonOf(patience.signal.aborted ? patience.signal.reason : error), { cause: error });
    } finally {
      patience.end();
      this.#asking.delete(patience);
    }
  }

  async #look<T>(
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
    patience: Patience,
  ): Promise<Look<T>> {
    const tag = this.#tags.get(name);
    // Filters and ids do not shrink; and what travels as it is has the length that was announced.
    const headers = { "Accept-Encoding": "identity", ...(tag !== undefined && { "If-None-Match": tag }) };
    const response = await this.#answer(addressOf(this.#base, name), headers, patience.signal);
    const body = new Body(response, mostOf(name), patience);
    try {
      if (response.status === 304) return "unchanged";
      if (response.status === 404 || response.status === 410) {
        this.forget(name);
        return "absent";
      }
      if (!response.ok) throw new Error(`the server answers ${response.status}${MEANINGS[response.status] ?? ""}`);
      const foreign = foreignOf(await body.beginning());
      if (foreign !== undefined) return { foreign };
      return await this.#take(name, response.headers.get("etag"), body.pieces(), take);
    } finally {
      await body.leave();
    }
  }

  /** Only what arrived whole need not be sent again. */
  async #take<T>(
    name: string,
    tag: string | null,
    pieces: AsyncIterable<Uint8Array>,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<Look<T>> {
    if (tag !== null) {
      const found = await take(pieces);
      this.#tags.set(name, tag);
      return { found };
    }
    const sha256 = createHash("sha256");
    const found = await take(hashed(pieces, sha256));
    const hash = sha256.digest("hex");
    if (this.#hashes.get(name) === hash) return "unchanged";
    this.#hashes.set(name, hash);
    return { found };
  }

  /** The first answer that does not send elsewhere. The password goes to its own server only. */
  async #answer(address: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    let url = address;
    for (let redirects = 0; ; redirects++) {
      const mine = url.origin === this.#base.origin && this.#authorization !== undefined;
      const response = await fetch(url, {
        headers: { ...headers, ...(mine && { Authorization: this.#authorization }) },
        redirect: "manual",
        signal,
      });
      const location = response.headers.get("location");
      if (!REDIRECTS.includes(response.status) || location === null) return response;
      await response.body?.cancel();
      if (redirects === MAX_REDIRECTS) throw new Error(`the server redirects more than ${MAX_REDIRECTS} times`);
      url = redirected(url, location);
    }
  }
}

function givenUp(): Error {
  return new Error("it is not waited for any more");
}

const MEANINGS: Partial<Record<number, string>> = {
  401: ": it wants a user and a password that are right",
  403: ": this is not for us to read",
};

function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Error("the server redirects to what is not an address");
  const to = new URL(location, from);
  if (to.protocol !== "https:" && to.protocol !== from.protocol) {
    throw new Error(`the server redirects from ${from.protocol}// to ${to.protocol}//`);
  }
  to.username = "";
  to.password = "";
  return to;
}

/** The body of an answer, piece by piece, as long as it is not too long and gets on. */
class Body {
  readonly #pieces: AsyncIterator<Uint8Array> | undefined;
  #first: Uint8Array | undefined;

  constructor(
    readonly response: Response,
    readonly most: number,
    readonly patience: Patience,
  ) {
    this.#pieces = response.body?.[Symbol.asyncIterator]();
    patience.got(0);
  }

  async beginning(): Promise<Uint8Array> {
    const announced = Number(this.response.headers.get("content-length") ?? 0);
    if (announced > this.most) throw new FileTooLarge(announced, this.most);
    return (this.#first ??= (await this.#next()) ?? new Uint8Array());
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    let length = 0;
    for (let piece = this.#first ?? (await this.#next()); piece !== undefined; piece = await this.#next()) {
      if ((length += piece.length) > this.most) throw new FileTooLarge(0, this.most);
      yield piece;
    }
  }

  /** What was not read need not be sent; the connection is free again. */
  async leave(): Promise<void> {
    await this.#pieces?.return?.().catch(() => undefined);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const next = await this.#pieces?.next();
    if (next === undefined || next.done === true) return undefined;
    this.patience.got(next.value.length);
    return next.value;
  }
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
