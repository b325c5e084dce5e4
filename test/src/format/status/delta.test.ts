import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeDelta, openDelta, type OpenedDelta, packIds } from "../../../../src/format/status/delta.js";
import { catchUp, epochOf, type StatusState, succeeding, withDelta } from "../../../../src/format/status/state.js";
import type { StatusErrorCode } from "../../../../src/format/status/error.js";
import { statusSigner } from "../../../support/universe.js";

const issuer = "Ministry of Public Security";
const { signer, trust } = statusSigner(issuer);
const signedBy = trust.keys[0]!;

function id(n: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (n * (i + 1)) & 0xff);
}

function delta(change: Partial<OpenedDelta> = {}): OpenedDelta {
  return {
    issuer,
    epoch: 9,
    universe: 1_790_000_600,
    expires: 1_790_087_000,
    base: 5,
    from: 7,
    good: packIds([id(3)]),
    revoked: packIds([id(9), id(1), id(2)]),
    suspended: packIds([]),
    signer: signedBy,
    ...change,
  };
}

function codeOf(work: () => unknown): StatusErrorCode | "accepted" {
  try {
    work();
    return "accepted";
  } catch (error) {
    expect(error).toMatchObject({ name: "StatusError" });
    return (error as { code: StatusErrorCode }).code;
  }
}

describe("delta file", () => {
  it("opens as it was written", async () => {
    expect(openDelta(await encodeDelta(delta(), signer), trust)).toEqual(delta());
  });

  it("packs ids in order, each once", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 })), (ids) => {
        const texts = [...new Set(ids.map((bytes) => Buffer.from(bytes).toString("hex")))].sort();
        expect(Buffer.from(packIds(ids)).toString("hex")).toBe(texts.join(""));
      }),
    );
  });

  it("is refused with any bit flipped, and at any other length", async () => {
    const file = await encodeDelta(delta(), signer);
    for (let at = 0; at < file.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = file.slice();
        damaged[at]! ^= 1 << bit;
        expect(
          codeOf(() => openDelta(damaged, trust)),
          `bit ${bit} of byte ${at}`,
        ).not.toBe("accepted");
      }
      expect(
        codeOf(() => openDelta(file.subarray(0, at), trust)),
        `${at} bytes`,
      ).not.toBe("accepted");
    }
    expect(codeOf(() => openDelta(Buffer.concat([file, Uint8Array.of(0)]), trust))).toBe("BAD_HEADER");
  });

  it.each<[string, Partial<OpenedDelta>]>([
    ["ids out of order", { good: new Uint8Array([...id(2), ...id(1)]) }],
    ["an id twice", { revoked: new Uint8Array([...id(2), ...id(2)]) }],
    ["an id in two lists", { suspended: packIds([id(9)]) }],
    ["an id cut off", { suspended: id(4).subarray(1) }],
    ["an end before its start", { from: 9 }],
    ["a start before its base", { base: 8 }],
  ])("is refused with %s", async (_what, change) => {
    const file = await encodeDelta(delta(change), signer);
    expect(codeOf(() => openDelta(file, trust))).toBe("BAD_LAYOUT");
  });

  it("is refused from a key that may not sign status", async () => {
    const file = await encodeDelta(delta(), statusSigner(issuer).signer);
    expect(codeOf(() => openDelta(file, trust))).toBe("UNKNOWN_KEY");
  });
});

describe("states of status", () => {
  const state: StatusState = {
    snapshot: {
      header: {
        issuer,
        epoch: 5,
        universe: 1_790_000_000,
        expires: 1_790_086_400,
        salt: new Uint8Array(16),
        good: 0,
        revoked: 0,
        suspended: 0,
      },
      body: new Uint8Array(),
      signer: signedBy,
    },
    deltas: [],
  };

  it("take a delta that leads on from them, and no other", () => {
    const at7 = withDelta(state, delta({ from: 5, epoch: 7 }));
    expect(epochOf(at7)).toBe(7);
    expect(epochOf(withDelta(at7, delta()))).toBe(9);
    expect(codeOf(() => withDelta(at7, delta({ from: 8 })))).toBe("WRONG_BASE");
    expect(codeOf(() => withDelta(at7, delta({ base: 4 })))).toBe("WRONG_BASE");
    expect(codeOf(() => withDelta(at7, delta({ signer: { ...signedBy, issuer: "Someone else" } })))).toBe("WRONG_BASE");
    // An authority of the same name under another root.
    expect(codeOf(() => withDelta(at7, delta({ signer: { ...signedBy, root: "other" } })))).toBe("WRONG_BASE");
    expect(codeOf(() => withDelta(at7, delta({ from: 5, epoch: 7 })))).toBe("OLD_EPOCH");
    expect(codeOf(() => withDelta(at7, delta({ from: 5, epoch: 6 })))).toBe("OLD_EPOCH");
  });

  it("keep no delta that a later one repeats", () => {
    const short = [5, 6, 7, 8].map((from) => delta({ from, epoch: from + 1 }));
    const at9 = short.reduce(withDelta, state);
    expect(at9.deltas).toEqual(short);
    const long = delta({ from: 6, epoch: 10 });
    expect(withDelta(at9, long).deltas).toEqual([short[0], long]);
    const whole = delta({ from: 5, epoch: 10 });
    expect(withDelta(at9, whole).deltas).toEqual([whole]);
  });

  it("catch up by the fewest deltas, as far as these lead", () => {
    const short = [5, 6, 7, 8].map((from) => delta({ from, epoch: from + 1 }));
    const long = delta({ from: 6, epoch: 9 });
    expect(catchUp(state, [...short, long].reverse()).deltas).toEqual([short[0], long]);
    expect(catchUp(state, [short[0]!, short[1]!, short[3]!]).deltas).toEqual([short[0], short[1]]);
    expect(catchUp(state, [short[1]!, delta({ base: 4, from: 4, epoch: 12 })])).toBe(state);
  });

  it("are followed only by newer ones, deltas counted", () => {
    const at9 = withDelta(state, delta({ from: 5 }));
    const base = (epoch: number): StatusState => ({
      snapshot: { ...state.snapshot, header: { ...state.snapshot.header, epoch } },
      deltas: [],
    });
    expect(succeeding(state, undefined)).toBe(state);
    expect(codeOf(() => succeeding(state, state))).toBe("OLD_EPOCH");
    expect(codeOf(() => succeeding(base(8), at9))).toBe("OLD_EPOCH");
    expect(codeOf(() => succeeding(base(9), at9))).toBe("OLD_EPOCH");
    const late = withDelta(base(8), delta({ base: 8, from: 8, epoch: 10 }));
    expect(succeeding(late, at9)).toBe(late);
  });
});
