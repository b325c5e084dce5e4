import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStages } from "./stages.js";
import { readVectorText, vectorsNote, vectorsPresent } from "./vectors.js";

type Sha2 = (prefix: number, prefixLength: number, message: number, length: number, digest: number) => void;
type Sha2Many = (jobs: number, count: number) => void;
/** Bytes of a HashJob. */
const JOB_SIZE = 20;

/** The suite of one SHA-2 function: NIST CAVP's vectors and node:crypto. */
export function describeSha2(name: "sha256" | "sha512", digestLength: number): void {
  const vectors = name.toUpperCase();

  describe.each(["stages", "debug"] as const)(`${name} (%s build)`, async (build) => {
    const stages = await loadStages<Record<typeof name, Sha2> & Record<`${typeof name}Many`, Sha2Many>>(build);
    const DIGEST = 1 << 20;

    /** Also checks that the inputs and the bytes around the digest are left alone. */
    function hash(prefix: Uint8Array, message: Uint8Array): string {
      const prefixAddress = stages.put(prefix, 64);
      const messageAddress = stages.put(message, 256);
      stages.put(new Uint8Array(digestLength + 128).fill(0xa5), DIGEST - 64);
      const digest = stages.base + DIGEST;
      stages.exports[name](prefixAddress, prefix.length, messageAddress, message.length, digest);
      expect(Buffer.compare(stages.take(prefixAddress, prefix.length), prefix)).toBe(0);
      expect(Buffer.compare(stages.take(messageAddress, message.length), message)).toBe(0);
      expect(stages.take(digest - 64, 64).every((byte) => byte === 0xa5)).toBe(true);
      expect(stages.take(digest + digestLength, 64).every((byte) => byte === 0xa5)).toBe(true);
      return Buffer.from(stages.take(digest, digestLength)).toString("hex");
    }

    describe.skipIf(!vectorsPresent)("NIST CAVP" + vectorsNote, () => {
      it.each([`${vectors}ShortMsg`, `${vectors}LongMsg`])("%s", (file) => {
        const cases = [...readVectorText(`sha2/${file}.rsp`).matchAll(/Len = (\d+)\s+Msg = (\w+)\s+MD = (\w+)/g)];
        expect(cases.length).toBeGreaterThan(60);
        for (const [, bits, message, digest] of cases) {
          const bytes = Buffer.from(message!, "hex").subarray(0, Number(bits) / 8);
          expect(hash(new Uint8Array(), bytes)).toBe(digest);
          // The same with the message split between prefix and message.
          const split = Math.min(bytes.length, 96);
          expect(hash(bytes.subarray(0, split), bytes.subarray(split))).toBe(digest);
        }
      });
    });

    const oracle = (prefix: Uint8Array, message: Uint8Array) =>
      createHash(name).update(prefix).update(message).digest("hex");

    it("pads right at every length of prefix and message", () => {
      const bytes = Uint8Array.from({ length: 600 }, (_, i) => (i * 167 + 5) & 255);
      for (let prefixLength = 0; prefixLength <= 128; prefixLength++) {
        for (let length = 0; length <= 300; length += 1 + ((length * 5 + prefixLength) % 7)) {
          const prefix = bytes.subarray(0, prefixLength);
          const message = bytes.subarray(200, 200 + length);
          expect(hash(prefix, message)).toBe(oracle(prefix, message));
        }
      }
    });

    it("agrees with node:crypto", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 128 }), fc.uint8Array({ maxLength: 2000 }), (prefix, message) => {
          expect(hash(prefix, message)).toBe(oracle(prefix, message));
        }),
        { numRuns: 300 },
      );
      const long = Uint8Array.from({ length: 65536 }, (_, i) => (i * i) & 255);
      expect(hash(long.subarray(0, 64), long)).toBe(oracle(long.subarray(0, 64), long));
    });

    it("hashes many messages as one by one, whatever their lengths", () => {
      const pieces = fc.tuple(
        fc.uint8Array({ maxLength: 128 }),
        fc.oneof(
          { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300 }) },
          fc.uint8Array({ maxLength: 2500, size: "max" }),
        ),
      );
      const JOBS = 2 << 20;
      fc.assert(
        fc.property(fc.array(pieces, { maxLength: 11 }), (messages) => {
          const jobs = new Uint32Array((messages.length * JOB_SIZE) / 4);
          messages.forEach(([prefix, message], i) => {
            const prefixAddress = stages.put(prefix, i * 4096);
            const messageAddress = stages.put(message, i * 4096 + 512);
            const digest = stages.base + DIGEST + i * digestLength;
            jobs.set([prefixAddress, prefix.length, messageAddress, message.length, digest], i * 5);
          });
          stages.put(new Uint8Array(messages.length * digestLength + 64).fill(0xa5), DIGEST);
          const address = stages.put(new Uint8Array(jobs.buffer), JOBS);
          stages.exports[`${name}Many`](address, messages.length);
          messages.forEach(([prefix, message], i) => {
            const digest = stages.take(stages.base + DIGEST + i * digestLength, digestLength);
            expect(Buffer.from(digest).toString("hex")).toBe(oracle(prefix, message));
            expect(Buffer.compare(stages.take(stages.base + i * 4096, prefix.length), prefix)).toBe(0);
            expect(Buffer.compare(stages.take(stages.base + i * 4096 + 512, message.length), message)).toBe(0);
          });
          const after = stages.take(stages.base + DIGEST + messages.length * digestLength, 64);
          expect(after.every((byte) => byte === 0xa5)).toBe(true);
        }),
        { numRuns: 400 },
      );
    });
  });
}
