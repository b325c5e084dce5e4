import { fileURLToPath } from "node:url";

/** Where a feed is, as it was written in a setting: a folder, or an address that may hold a password. */
export type FeedAddress = { folder: string } | { base: URL; authorization: string | undefined };

/** Throws Error, whose message is one clause without any secret in it. */
export function readFeedAddress(text: string): FeedAddress {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { folder: text };
  if (scheme !== "http" && scheme !== "https" && scheme !== "file") {
    throw new Error(`${scheme}:// is not followed: give an http or https address, or a folder`);
  }
  if (!URL.canParse(text)) throw new Error("it is not an address that can be read");
  const url = new URL(text);
  if (scheme === "file") return { folder: fileURLToPath(url) };
  const { username, password } = url;
  // fetch refuses an address that has them, and repeats it whole in its error.
  url.username = "";
  url.password = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return { base: url, authorization: username + password === "" ? undefined : basic(username, password) };
}

/** The address of one file: the query goes with each, as it may be what opens the door. */
export function addressOf(base: URL, name: string): URL {
  const url = new URL(name, base);
  url.search = base.search;
  return url;
}

/** RFC 7617, in UTF-8. */
function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64")}`;
}

/** A stray % stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const MASK = "********";

/** An address as it may be printed: whoever reads logs learns neither password nor what its query holds. */
export function masked(text: string): string {
  // Of what cannot be read as an address, more may be part of a password than it seems.
  const user = URL.canParse(text) ? /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i : /^([a-z][a-z0-9+.-]*:\/\/).*@/i;
  return text
    .replace(user, `$1${MASK}@`)
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?#]*\?)([^#]*)/i, (_, before: string, query: string) => {
      return before + query.replaceAll(/[^&=]+(?=&|$)/g, MASK);
    });
}
