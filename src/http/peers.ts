import { BlockList, isIP, isIPv4 } from "node:net";

/** Where a request came from, and what proxies on its way wrote about that: the values of the two headers. */
export interface Way {
  peer: string;
  forwardedFor: string;
  forwarded: string;
}

/**
 * Whose a connection is. What is counted for each address is counted for what this gives: what a proxy says is believed
 * only of a proxy that is trusted, since anyone may write these headers.
 */
export class Peers {
  readonly #proxies = new BlockList();
  readonly trustsAny: boolean;

  /** `proxies`: addresses, or networks as CIDR writes them (RFC 4632). */
  constructor(proxies: readonly string[]) {
    this.trustsAny = proxies.length > 0;
    for (const cidr of proxies) {
      const [network = "", length] = cidr.split("/");
      const family = isIPv4(network) ? "ipv4" : "ipv6";
      this.#proxies.addSubnet(network, Number(length ?? (family === "ipv4" ? 32 : 128)), family);
    }
  }

  /** The nearest address on the way that is not a trusted proxy's, as those are counted together that one may have. */
  ownerOf({ peer, forwardedFor, forwarded }: Way): string {
    let nearest = plain(peer);
    const hops = forwardedFor === "" ? hopsOf(forwarded) : forwardedFor.split(",");
    for (let hop = hops.pop(); hop !== undefined && this.#trusts(nearest); hop = hops.pop()) {
      const address = addressOf(hop.trim());
      if (address === undefined) break;
      nearest = address;
    }
    return householdOf(nearest);
  }

  #trusts(address: string): boolean {
    return this.#proxies.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  }
}

/** Is this an address or a network? */
export function isNetwork(text: string): boolean {
  const [address = "", length, more] = text.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return longest > 0 && more === undefined && (length === undefined || (/^\d+$/.test(length) && +length <= longest));
}

/** The `for` of each element of a Forwarded header (RFC 7239), which may be quoted. */
function hopsOf(forwarded: string): string[] {
  if (forwarded === "") return [];
  return forwarded.split(",").map((element) => /(?:^|;)\s*for="?([^";]*)/i.exec(element.trim())?.[1] ?? "");
}

/** Of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; undefined for a name that hides one. */
function addressOf(hop: string): string | undefined {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
  return isIP(bare) === 0 ? undefined : plain(bare);
}

/** An IPv4 address that came in by an IPv6 socket is itself (RFC 4291 section 2.5.5.2). */
function plain(address: string): string {
  if (isIPv4(address)) return address;
  const groups = groupsOf(address);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return address;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Of IPv6 a household, or one host, has a network of 64 bits at least: 2^64 addresses must not have as many shares. */
function householdOf(address: string): string {
  if (isIPv4(address)) return address;
  const groups = groupsOf(address).slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [, before = "", ...bytes] = dotted ?? [];
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
  const text = dotted ? `${before}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}` : address;
  const [head = "", tail] = (text.split("%")[0] ?? "").split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  return [...front, ...Array<string>(zeros).fill("0"), ...back].map((group) => Number.parseInt(group, 16));
}
