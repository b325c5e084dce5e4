import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { codes, fate, startStation, texts } from "../support/server.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/verify.py", import.meta.url));
const there = spawnSync("python3", ["--version"]).status === 0;
if (!there) process.stderr.write("skipped: there is no python3 for examples/verify.py\n");

interface Run {
  out: string;
  err: string;
  status: number | null;
}

async function run(args: string[], input: string, env: Record<string, string> = {}): Promise<Run> {
  const child = spawn("python3", [EXAMPLE, ...args], { env: { ...process.env, PYTHONUTF8: "1", ...env } });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, err, status };
}

/** The cards are good at another moment than now; what their signatures and texts say stays as it is. */
const now = codes.map((code) => (code === "VALID" ? "EXPIRED" : code));

describe.skipIf(!there)("examples/verify.py", () => {
  it("tells the verdict on each line in its place, beyond the credits", async () => {
    const station = await startStation({ credits: 200 });
    const lines = Array.from({ length: 1_000 }, (_, i) => fate(i));
    const { out, err, status } = await run([station.url], lines.map((i) => `${texts[i]!}\n`).join(""));
    await station.stop();
    expect(err).toBe("");
    expect(status).toBe(0);
    const told = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { code: string }).code);
    expect(told).toEqual(lines.map((i) => now[i]));
  });

  it("shows its token, and says why it was refused", async () => {
    const station = await startStation({ tokens: [{ token: "gate-token", purposes: ["rail-boarding"] }] });
    const token = { HUFU_TOKEN: "gate-token" };
    const good = await run([station.url, "rail-boarding"], "BB8\n", token);
    const elsewhere = await run([station.url, "bank-account"], "BB8\n", token);
    const stranger = await run([station.url], "BB8\n");
    await station.stop();
    expect(JSON.parse(good.out)).toMatchObject({ code: "BAD_ZLIB" });
    expect(elsewhere).toMatchObject({
      status: 1,
      err: "the server closed the stream: 4403 this token is for rail-boarding\n",
    });
    expect(stranger.err).toContain("4401");
  });
});
