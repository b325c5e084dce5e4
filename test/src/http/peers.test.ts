import { describe, expect, it } from "vitest";
import { isNetwork, Peers } from "../../../src/http/peers.js";

const proxies = new Peers(["10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1"]);

function owner(peer: string, forwardedFor = "", forwarded = ""): string {
  return proxies.ownerOf({ peer, forwardedFor, forwarded });
}

describe("whose a request is", () => {
  it("is the peer's, whatever it claims, unless it is a trusted proxy", () => {
    expect(owner("192.0.2.1")).toBe("192.0.2.1");
    expect(owner("192.0.2.1", "198.51.100.1")).toBe("192.0.2.1");
    expect(owner("192.0.2.1", "", "for=198.51.100.1")).toBe("192.0.2.1");
    expect(new Peers([]).ownerOf({ peer: "127.0.0.1", forwardedFor: "198.51.100.1", forwarded: "" })).toBe("127.0.0.1");
  });

  it("is that of the nearest address that no trusted proxy has: what is before it anyone may have written", () => {
    expect(owner("127.0.0.1", "198.51.100.1")).toBe("198.51.100.1");
    expect(owner("10.1.2.3", "203.0.113.9, 198.51.100.1, 10.9.9.9")).toBe("198.51.100.1");
    expect(owner("10.1.2.3", "198.51.100.1:4711")).toBe("198.51.100.1");
    expect(owner("10.1.2.3", "[2001:db8::1]:4711")).toBe("2001:db8:0:0::/64");
    expect(owner("10.1.2.3", "10.0.0.7")).toBe("10.0.0.7");
    expect(owner("10.1.2.3", "198.51.100.1, unknown")).toBe("10.1.2.3");
    expect(owner("10.1.2.3", "")).toBe("10.1.2.3");
  });

  it("reads Forwarded too (RFC 7239), where there is no other", () => {
    expect(owner("127.0.0.1", "", 'for=203.0.113.9, proto=https;FOR="198.51.100.1:80";by=10.0.0.1')).toBe(
      "198.51.100.1",
    );
    expect(owner("127.0.0.1", "", 'for="[2001:db8:cafe::17]:4711"')).toBe("2001:db8:cafe:0::/64");
    expect(owner("127.0.0.1", "", "for=_hidden")).toBe("127.0.0.1");
    expect(owner("127.0.0.1", "198.51.100.1", "for=203.0.113.9")).toBe("198.51.100.1");
  });

  it("counts an IPv6 network of 64 bits as one, and an IPv4 address as itself however it comes", () => {
    expect(owner("2001:0db8:0000:0000:0000:0000:0000:0001")).toBe(owner("2001:db8::2"));
    expect(owner("2001:db8:0:1::1")).not.toBe(owner("2001:db8::1"));
    expect(owner("0000:0000:0000:0000:0000:ffff:c000:0201")).toBe("192.0.2.1");
    expect(owner("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(owner("::ffff:10.1.2.3", "198.51.100.1")).toBe("198.51.100.1");
    expect(owner("2001:db8:ffff::1", "198.51.100.1")).toBe("198.51.100.1");
  });
});

describe("isNetwork", () => {
  it("takes addresses and networks, and nothing else", () => {
    for (const good of ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "::1", "2001:db8::/32", "::/128"]) {
      expect(isNetwork(good), good).toBe(true);
    }
    for (const bad of ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0/8", "proxy", "::/129", "10.0.0.0/-1"]) {
      expect(isNetwork(bad), bad).toBe(false);
    }
  });
});
