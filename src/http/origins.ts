import { isIPv6 } from "node:net";
import { Problem } from "./problem.js";

export interface OriginOptions {
  /** Is anyone let in, without a token? */
  open: boolean;
  /** Address that the server listens on. */
  host: string;
  /** Names of the server beside localhost and that address. */
  allowHosts: readonly string[];
  /** Origins of web pages that may use it. */
  cors: readonly string[];
}

/** What a request says of where it is sent from and to. */
export interface Sender {
  readonly method: string;
  readonly host: string;
  readonly origin: string;
}

/** Addresses that stand for all of a machine's: nobody is sent there. */
const ANY = ["0.0.0.0", "::", "::0"];

/**
 * Which web pages may use this server. A browser sends any page's requests to a verifier on its own machine: to
 * localhost (CSRF), or to a name of the page's own that was made to point there (DNS rebinding). Where a token is
 * demanded the page would need one; where none is, the names in Host and Origin must be known.
 */
export class Origins {
  readonly #open: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #pages: ReadonlySet<string>;

  constructor({ open, host, allowHosts, cors }: OriginOptions) {
    this.#open = open;
    const own = ANY.includes(host) ? [] : [isIPv6(host) ? `[${host}]` : host];
    const names = ["localhost", "127.0.0.1", "[::1]", ...own, ...allowHosts];
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#pages = new Set(cors);
  }

  /** Throws Problem where this is not for `sender`. */
  admit({ host, origin }: Sender): void {
    if (!this.#open) return;
    const name = nameIn(host);
    if (!this.#names.has(name)) {
      const remedy = "start it with --allow-host and that name, or with tokens";
      throw new Problem("HOST_NOT_ALLOWED", `this server is not known as ${JSON.stringify(name)}: ${remedy}`);
    }
    if (origin === "" || this.#pages.has(origin) || hostOf(origin) === host.toLowerCase()) return;
    const remedy = "start the server with --cors and that origin";
    throw new Problem("ORIGIN_NOT_ALLOWED", `pages of ${JSON.stringify(origin)} may not use it: ${remedy}`);
  }

  /** What lets a browser show the answer to its page (https://fetch.spec.whatwg.org, CORS protocol). */
  headersFor({ origin }: Sender): Readonly<Record<string, string>> {
    if (this.#pages.size === 0) return {};
    if (!this.#pages.has(origin)) return { Vary: "Origin" };
    return { Vary: "Origin", "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "X-Request-Id" };
  }

  /** The answer to a browser that asks whether it may ask; undefined where this is not that. */
  preflightOf({ method, origin }: Sender): Readonly<Record<string, string>> | undefined {
    if (method !== "OPTIONS" || !this.#pages.has(origin)) return undefined;
    return {
      "Access-Control-Allow-Methods": "GET, POST",
      "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
      "Access-Control-Max-Age": "600",
    };
  }
}

/** The name in a Host header, without its port. */
function nameIn(host: string): string {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? host;
  return name.toLowerCase().replace(/\.$/, "");
}

/** As the Host header of a request to that very server would say it. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
