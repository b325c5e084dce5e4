import { describe, expect, it } from "vitest";
import { Route } from "../../../src/client/route.js";

const URLS = ["http://a", "wss://b/stream", new URL("https://c:8443/")];

describe("where and when a client connects", () => {
  it("reads the address of a server or of its stream, and wants one at least", () => {
    const route = new Route(URLS);
    const seen = URLS.map(() => {
      const { url } = route;
      route.drained();
      return url;
    });
    expect(seen).toEqual(["ws://a/v1/stream", "wss://b/stream", "wss://c:8443/v1/stream"]);
    expect(route.url).toBe("ws://a/v1/stream");
    expect(() => new Route([])).toThrow(TypeError);
    expect(() => new Route(["not an address"])).toThrow(TypeError);
  });

  it("takes a line that was cut up again at once and there, and goes elsewhere where that fails", () => {
    const route = new Route(URLS, () => 1);
    route.welcomed();
    expect([route.lost(), route.url]).toEqual([50, "ws://a/v1/stream"]);
    expect([route.failed(), route.url]).toEqual([8_000, "wss://b/stream"]);
  });

  it("waits longer from one failed attempt to the next where there was no line before", () => {
    const route = new Route(["ws://a"], () => 1);
    const waits = Array.from({ length: 9 }, () => route.failed());
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 8_000, 8_000]);
    expect(route.failures).toBe(9);
    route.welcomed();
    expect(route.failures).toBe(0);
  });

  it("brings back 5,000 gates whose server was killed within 10 s, and at most 1,000 in any second", () => {
    // A fixed sequence (Numerical Recipes' linear congruential generator), so that the test is the same every time.
    let state = 1;
    const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    const times = Array.from({ length: 5_000 }, () => {
      const route = new Route(["ws://killed", "ws://other"], random);
      route.welcomed();
      const refused = route.lost();
      const comes = refused + route.failed();
      expect(route.url).toBe("ws://other/v1/stream");
      return comes;
    }).sort((a, b) => a - b);
    expect(times.at(-1)).toBeLessThan(10_000);
    const crowded = times.filter((time, index) => (times[index + 1_000] ?? Infinity) < time + 1_000);
    expect(crowded).toEqual([]);
  });
});
