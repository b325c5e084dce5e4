import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, makeCard } from "../../support/make-card.js";
import { cardFor, privateJwk } from "../../support/wallet.js";

const bin = fileURLToPath(new URL("../../../bin/hufu.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hufu-present-"));
const issuer = generateKey(Algorithm.ED25519);
const now = Math.floor(Date.now() / 1000);
/** In force now: this command has no other moment. */
const dates: [number, unknown][] = [[4, now + 86_400], [5, now - 60], [6, now - 60]]; // prettier-ignore

function hufu(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bin, ...args], { cwd: folder }, (_, out, err) => {
      resolve({ status: child.exitCode, out, err });
    });
  });
}

describe("hufu present", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "keys.jwks"), jwksOf([issuer]));
    writeFileSync(join(folder, "static.txt"), makeCard(issuer));
    for (const algorithm of [Algorithm.ED25519, Algorithm.P256] as const) {
      const jwk = await privateJwk(algorithm);
      writeFileSync(join(folder, `${algorithm}.jwk`), JSON.stringify(jwk));
      writeFileSync(join(folder, `${algorithm}.txt`), `${cardFor(issuer, jwk, { changes: dates })}\n`);
    }
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([Algorithm.ED25519, Algorithm.P256])(
    "prints a text that a gate accepts, and nothing else (%s)",
    async (n) => {
      const made = await hufu("present", `${n}.txt`, "--key", `${n}.jwk`, "--audience", "gate", "--claims", "4");
      expect(made).toMatchObject({ status: 0, err: "" });
      writeFileSync(join(folder, "shown.txt"), made.out);
      const judged = await hufu("verify", "shown.txt", "--trust", "keys.jwks", "--without-status", "--audience", "gate", "--claims", "--json"); // prettier-ignore
      expect(JSON.parse(judged.out)).toMatchObject({ code: "VALID", claims: { "4": "张秀英" } });
      expect(judged.out).not.toContain("11010519491231002X");
    },
  );

  it.each([
    ["a static card", ["static.txt", "--key", "1.jwk"], /as it is; .*--redactable/],
    ["another's card", ["1.txt", "--key", "2.jwk"], /bound to another key/],
    ["a claim that is not there", ["1.txt", "--key", "1.jwk", "--claims", "10"], /has no claim 10/],
    ["claims that are none", ["1.txt", "--key", "1.jwk", "--claims", "name"], /give keys of claim 169/],
    ["a public key", ["1.txt", "--key", "keys.jwks"], /not a private key of Ed25519 or P-256/],
    ["no card", ["keys.jwks", "--key", "1.jwk"], /not the QR text of a card/],
  ])("refuses %s, and says what helps", async (_, args, message) => {
    const { status, out, err } = await hufu("present", ...args, "--audience", "gate");
    expect([status, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
  });
});
