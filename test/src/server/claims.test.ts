import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Claims, MAX_CLAIMS_PER_CREDENTIAL } from "../../../src/server/claims.js";

const bytes = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255);

function world(window = 90): { claims: Claims; clock: { now: number; elapsed: number; window: number } } {
  const clock = { now: 1_000_000, elapsed: 0, window };
  const options = { now: () => clock.now, elapsed: () => clock.elapsed * 1000, window: () => clock.window };
  return { claims: new Claims(options), clock };
}

const shown = (n: number, issuedAt: number, credential = n) => ({ identity: bytes(n), credential: bytes(credential), issuedAt }); // prettier-ignore
const by = (scan: string, text = scan) => ({ scan, text });

describe("claims", () => {
  it("live a second less than a presentation could be accepted, and no shorter: iat 30 s ahead", () => {
    const { claims, clock } = world();
    const issuedAt = clock.now + 30;
    expect(claims.claim(shown(1, issuedAt), by("a"))).toBe("first");
    for (const later of [1, 119, 120]) {
      clock.now = 1_000_000 + later;
      clock.elapsed = later;
      expect(claims.claim(shown(1, issuedAt), by("b")), `${later} s later`).toBe("replayed");
    }
    clock.now += 3;
    clock.elapsed += 3;
    expect(claims.claim(shown(2, clock.now), by("c"))).toBe("first");
    expect(claims.count).toBe(1);
  });

  it("are not forgotten by a clock that is set forward and back", () => {
    const { claims, clock } = world();
    expect(claims.claim(shown(1, clock.now), by("a"))).toBe("first");
    clock.now += 10_000;
    clock.elapsed += 1;
    expect(claims.claim(shown(2, clock.now), by("b"))).toBe("first");
    clock.now -= 10_000;
    clock.elapsed += 1;
    expect(claims.claim(shown(1, clock.now), by("c"))).toBe("replayed");
  });

  it("of a longer window that comes later: what may have been forgotten is not accepted again", () => {
    const { claims, clock } = world(90);
    const old = shown(1, clock.now);
    expect(claims.claim(old, by("a"))).toBe("first");
    clock.now += 200;
    clock.elapsed += 200;
    expect(claims.claim(shown(2, clock.now), by("b"))).toBe("first");
    expect(claims.count).toBe(1);
    clock.window = 900;
    expect(claims.claim(old, by("c"))).toBe("full");
    expect(claims.claim(shown(3, clock.now), by("d"))).toBe("first");
    expect(claims.claim(shown(2, clock.now), by("e"))).toBe("replayed");
  });

  it("never accept one presentation for two claimants, whatever comes in whatever order", () => {
    const step = fc.record({ who: fc.nat(5), what: fc.nat(20), pause: fc.constantFrom(0, 0, 1, 40, 100) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
        const { claims, clock } = world();
        const start = clock.now;
        const accepted = new Map<number, string>();
        for (const { who, what, pause } of steps) {
          clock.now += pause;
          clock.elapsed += pause;
          // Presentation `what` was made at a second of its own, and is fresh for 60 s.
          const issuedAt = start + what * 20;
          if (issuedAt < clock.now - 60 || issuedAt > clock.now + 30) continue;
          const answer = claims.claim(shown(what, issuedAt), by(`${who}-${what}`));
          const before = accepted.get(what);
          expect(answer).toBe(before === undefined ? "first" : before === `${who}` ? "same" : "replayed");
          accepted.set(what, before ?? `${who}`);
        }
      }),
    );
  });

  it("of one credential are few, and none is kept that could not be written", () => {
    const { claims, clock } = world();
    for (let i = 0; i < MAX_CLAIMS_PER_CREDENTIAL; i++) {
      expect(claims.claim(shown(i, clock.now, 7), by(`${i}`))).toBe("first");
    }
    expect(claims.claim(shown(99, clock.now, 7), by("x"))).toBe("full");
    expect(claims.claim(shown(98, clock.now, 8), by("x"))).toBe("first");
    const options = { now: () => clock.now, elapsed: () => 0, window: () => 90 };
    const broken = new Claims(options, () => { throw new Error("the disk is full"); }); // prettier-ignore
    expect(broken.claim(shown(1, clock.now), by("a"))).toBe("full");
    expect(broken.count).toBe(0);
  });
});
