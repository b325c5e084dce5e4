import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { unusableSources } from "../../../src/cli/sources.js";
import { StatusError } from "../../../src/format/status/error.js";
import { TrustError } from "../../../src/format/trust/trust-list.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { generateKey } from "../../support/keys.js";
import { identity, jwksOf, makeCard, payload, trusted } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { trustListOf } from "../../support/trust.js";
import { at, card, codes, issuerKey, texts } from "../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-verify-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function hufu(
  args: string[],
  input = "",
  env: Record<string, string> = {},
): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [hufuPath, ...args], { cwd: folder, env: { ...process.env, ...env } });
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status: child.exitCode, out, err };
}

function verify(args: string[], input?: string): ReturnType<typeof hufu> {
  return hufu(["verify", ...args, "--trust", trust, "--at", at.toISOString()], input);
}

describe("hufu verify", () => {
  it("says whether a card is that of whom one expects", async () => {
    const named = makeCard(issuerKey, { payload: payload([[169, identity([[4, "欧阳·样例"]])]]) });
    const asked = async (...args: string[]) => {
      const { status, out, err } = await verify(["--json", ...args], named);
      return { status, err, ...(out !== "" && { said: JSON.parse(out) as unknown }) };
    };
    const right = await asked("--expect-name", "欧阳‧样例", "--expect-id", "11010519491231002x");
    expect(right).toMatchObject({ status: 0, said: { code: "VALID", matches: { id: true, name: "match" } } });
    expect(await asked("--expect-name", "歐陽·样例")).toMatchObject({ status: 1, said: { code: "NAME_REVIEW" } });
    expect(await asked("--expect-id", "1")).toMatchObject({ status: 1, said: { code: "IDENTITY_MISMATCH" } });
    expect(await asked("--expect-id", "1".repeat(65))).toMatchObject({
      status: 2,
      err: expect.stringContaining("cannot take --expect-id or --expect-name") as string,
    });
  });

  it("gives a verdict a line in the order of the lines, whatever ends them, and passes over the empty", async () => {
    writeFileSync(join(folder, "cards.txt"), `\r\n\n${texts.join("\r\n")}\r\n\n${card}`);
    const { status, out } = await verify(["cards.txt", "--json"]);
    const verdicts = out.trimEnd().split("\n").map((line) => JSON.parse(line) as { line: number; code: string }); // prettier-ignore
    expect(verdicts.map(({ line, code }) => [line, code])).toEqual([
      ...codes.map((code, index) => [3 + index, code]),
      [4 + codes.length, "VALID"],
    ]);
    expect(status).toBe(1);
  });

  it("ends no worker that is still loading: Node may abort the process over it", async () => {
    const notes = join(folder, "workers.txt");
    const preload = new URL("../../support/slow-worker.mjs", import.meta.url).href;
    const env = { NODE_OPTIONS: `--import=${preload}`, SLOW_WORKER: notes };
    const { status } = await hufu(["verify", "--trust", trust, "--at", at.toISOString()], card, env);
    expect(status).toBe(0);
    const lines = readFileSync(notes, "utf8").trimEnd().split("\n");
    const begun = lines.filter((line) => line.endsWith(" begins")).map((line) => line.split(" ")[0]);
    expect(begun.length).toBeGreaterThan(0);
    for (const thread of begun) expect(lines).toContain(`${thread ?? ""} loaded`);
  });

  it("ends with 0 where all are accepted, and does not keep a line that has no end", async () => {
    expect(await verify(["-"], `${card}\n`)).toMatchObject({ status: 0, err: "" });
    const endless = await verify([], "A".repeat(8 * 1024 * 1024));
    expect(endless).toEqual({ status: 1, out: "1\trefused\tTOO_LONG\n", err: "" });
  });

  it("names what has happened to a text, and ends with 2 where there is not a single one", async () => {
    const { out } = await verify(["-"], `${card.toLowerCase()}\n${card}${card}\nHC1:6BFOXN\n`);
    expect(out).toMatch(/^1\trefused\tBAD_BASE45\tletters are lower case$/m);
    expect(out).toMatch(/^2\trefused\tBAD_(?:BASE45|ZLIB)\tthere are two scans in one$/m);
    expect(out).toMatch(/^3\trefused\tBAD_PREFIX\tthis is a QR of another scheme: HC1/m);
    for (const input of ["", "\n \r\n\t\n", "\ufeff\n"]) {
      const nothing = await verify(["-"], input);
      expect([nothing.status, nothing.out]).toEqual([2, ""]);
      expect(nothing.err).toContain("not a single QR text");
    }
  });

  it("trusts the keys of a file that it can use, and names the others", async () => {
    const { keys } = JSON.parse(jwksOf([issuerKey])) as { keys: Record<string, string>[] };
    writeFileSync(
      join(folder, "mixed.jwks"),
      JSON.stringify({ keys: [{ ...keys[0], x: undefined, kid: "no-x" }, ...keys] }),
    );
    const mixed = await hufu(["verify", "-", "--trust", "mixed.jwks", "--at", at.toISOString()], `${card}\n`);
    expect(mixed).toMatchObject({ status: 0, err: 'hufu: mixed.jwks: key 1 ("no-x") has no x: it is passed over.\n' });
    writeFileSync(join(folder, "secret.jwks"), JSON.stringify({ keys: [...keys, { ...keys[0], d: "c2VjcmV0IQ" }] }));
    const secret = await hufu(["verify", "-", "--trust", "secret.jwks"], `${card}\n`);
    expect([secret.status, secret.out]).toEqual([2, ""]);
    expect(secret.err).toMatch(/^hufu: cannot use secret\.jwks: key 2 .* is a private or secret key; let nobody else/);
    expect(secret.err).not.toContain("c2VjcmV0IQ");
  });

  it("ends with 2 where it cannot read, naming file and remedy", async () => {
    for (const args of [["nowhere.txt"], ["."], ["-", "--status", trust], ["-", "--region", "11"]]) {
      const { status, out, err } = await verify(args);
      expect([status, out], args.join(" ")).toEqual([2, ""]);
      expect(err).toMatch(/^hufu: .*; .*\.\n$/);
    }
  });
});

describe("status that nobody gives", () => {
  it("leaves a card undetermined whose trust list promises it, unless told to go without", async () => {
    const trustList = join(folder, "promising.hufu");
    const root = generateKey(Algorithm.ED25519);
    writeFileSync(trustList, await trustListOf(root, [trusted(issuerKey, { promisesStatus: true })]));
    const files = ["--trust", trustList, "--at", at.toISOString()];
    const without = await hufu(["verify", "-", ...files], card);
    expect(without).toMatchObject({ status: 1, err: "" });
    expect(without.out).toMatch(/^1\tundetermined\tSTATUS_UNKNOWN\t/);
    const knowingly = await hufu(["verify", "-", "--json", "--without-status", ...files], card);
    expect(knowingly).toMatchObject({ status: 0, err: "" });
    expect(JSON.parse(knowingly.out)).toMatchObject({ code: "VALID", status: "unchecked" });
    const explained = await hufu(["explain", card, ...files]);
    expect(explained.status).toBe(1);
    expect(explained.out).toContain("STATUS_UNKNOWN");
    expect((await hufu(["explain", card, "--without-status", ...files])).status).toBe(0);
    for (const command of [
      ["verify", "-"],
      ["explain", card],
    ]) {
      const both = await hufu([...command, "--without-status", "--status", trustList, ...files], card);
      expect(both).toMatchObject({ status: 2, out: "" });
      expect(both.err).toMatch(/--without-status contradict/);
    }
  });
});

describe("unusableSources", () => {
  const names = { trust: ["a.jwks"], status: ["status.hufu", "delta.hufu"] };

  it("advises what helps against the fault", () => {
    const late = new StatusError("WRONG_BASE", "it is about snapshot 7, and 6 is in force", 1);
    expect(unusableSources(late, names)).toMatchObject({
      message: "cannot use delta.hufu: it is about snapshot 7, and 6 is in force",
      remedy: "name the snapshot that it belongs to before it",
    });
    const secret = new TrustError("PRIVATE_KEY", "key 1 is secret");
    expect(unusableSources(secret, names)).toMatchObject({ remedy: "let nobody else see that file" });
    const damaged = new TrustError("BAD_SIGNATURE", "its signature does not hold");
    expect(unusableSources(damaged, names)).toMatchObject({ remedy: "fetch it again from the authority" });
  });
});

describe("what a card says about itself", () => {
  // Clears the line, and writes a verdict of its own in green; turns the direction of writing.
  const name = "张\u001b[2K\u001b[32mok\n9\taccepted\tVALID\u0085\u202e";
  const shown = "张\\u001b[2K\\u001b[32mok\\u000a9\\u0009accepted\\u0009VALID\\u0085\\u202e";
  const forger = makeCard(issuerKey, { payload: payload([[1, name], [169, identity([[4, name]])]]) }); // prettier-ignore

  it("is printed as text on its own line, by verify, decode and explain", async () => {
    const files = ["--trust", trust, "--at", at.toISOString()];
    for (const args of [["verify", "-", "--claims", ...files], ["decode"], ["explain", "-", ...files]]) {
      const { out } = await hufu(args, forger);
      expect(out, args[0]).toContain(shown);
      // eslint-disable-next-line no-control-regex -- that there are none is what is tested
      expect(out, args[0]).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]|^9\t/m);
    }
  });
});
