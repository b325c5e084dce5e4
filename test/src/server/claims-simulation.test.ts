import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openClaims } from "../../../src/server/claim-file.js";

/**
 * A server's life in the small: gates show it presentations again and again, its clock is set forward and back, it ends at
 * any moment and starts again. What the engine would let through, by the clock as it is, comes to the claims. Set back by
 * more than the tolerance, a clock is before times that were signed, and the engine decides nothing by it.
 */

const FRESHNESS = 60;
const SKEW = 30;

type Step =
  | { do: "show"; gate: number; presentation: number }
  | { do: "wait"; seconds: number }
  | { do: "set clock"; off: number }
  | { do: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("show" as const), gate: fc.nat(3), presentation: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 15, 29, 31, 59, 61, 90) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("set clock" as const), off: fc.constantFrom(0, 0, -5, 25, 3_600) }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
); // prettier-ignore

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function live(steps: readonly Step[], folder: string): void {
  // A day ago: the files, whose age the system tells, are never old to it.
  const start = Math.floor(Date.now() / 1000) - 86_400;
  let [passed, off, started] = [0, 0, 0];
  const now = (): number => start + passed + off;
  const open = () =>
    openClaims(folder, { now, elapsed: () => (passed - started) * 1000, window: () => FRESHNESS + SKEW });
  let server = open();
  const acceptedBy = new Map<number, number>();
  for (const one of steps) {
    switch (one.do) {
      case "wait":
        passed += one.seconds;
        break;
      case "set clock":
        off = one.off;
        break;
      case "restart":
        // A clock that is wrong at the start is another matter: signed times are its lower bound (src/engine/clock.ts).
        off = 0;
        server.close();
        started = passed;
        server = open();
        break;
      case "show": {
        const { gate, presentation } = one;
        const issuedAt = start + presentation * 30;
        if (issuedAt < now() - FRESHNESS || issuedAt > now() + SKEW) break;
        const shown = { identity: bytes(`p${presentation}`), credential: bytes(`c${presentation}`), issuedAt };
        const answer = server.claims.claim(shown, { scan: `${gate} ${presentation}`, text: `QR ${presentation}` });
        const before = acceptedBy.get(presentation);
        expect(answer).toBe(before === undefined ? "first" : before === gate ? "same" : "replayed");
        acceptedBy.set(presentation, before ?? gate);
      }
    }
  }
  server.close();
}

describe("claims over the life of a server", () => {
  it("let nobody in twice by one presentation, and give who claimed it the same answer", () => {
    const root = mkdtempSync(join(tmpdir(), "hufu-claims-"));
    let life = 0;
    try {
      fc.assert(
        fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), (steps) => {
          live(steps, join(root, String(life++)));
        }),
        { numRuns: 300 },
      );
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
