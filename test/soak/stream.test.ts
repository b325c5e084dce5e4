import { mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { publishFile } from "../../src/authority/publish-file.js";
import { HufuClient } from "../../src/client/client.js";
import { startServe } from "../support/serve.js";
import { Nation } from "./nation.js";
import { isLong, tell } from "./result.js";

/** MiB that a process holds in memory; nothing where the system does not say. */
function resident(pid: number | undefined): number | undefined {
  try {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8")) ?? [];
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
  } catch {
    return undefined;
  }
}

/** Streams at full speed while trust and status are switched under them: no answer wrong, lost or doubled. */
it("streams while what is in force changes", { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-stream-"));
  const feed = join(folder, "feed");
  mkdirSync(feed);
  const nation = new Nation("pilot.example");
  const publish = async (step: number): Promise<void> => {
    await publishFile(join(feed, "trust.hufu"), [await nation.trustList({ epoch: nation.now + step })]);
    await publishFile(join(feed, "status.hufu"), [await nation.snapshot({ epoch: nation.now + step })]);
  };
  await publish(0);
  const server = await startServe(["--feed", feed], { HUFU_STATE: join(folder, "state"), HUFU_LOG_LEVEL: "info" });
  const clients = Array.from({ length: 4 }, () => new HufuClient(`ws://127.0.0.1:${server.port}`));
  const { good, revoked, suspended } = nation.cards;
  // Cut at the end of a triple: what is left of one that is cut within need be no base45 (RFC 9285, section 4.3).
  const cut = good.slice(0, good.length - (good.length % 3) - 9);
  const asked = [good, revoked, "BB8", suspended, cut];
  const expected = ["VALID", "REVOKED", "BAD_ZLIB", "SUSPENDED", "BAD_ZLIB"];

  const end = Date.now() + (isLong("stream") ? Number(process.env["HUFU_SECONDS"] ?? "600") : 3) * 1000;
  const wrong = new Map<string, number>();
  let answers = 0;
  const before = resident(server.process.pid);
  const ask = async (client: HufuClient): Promise<void> => {
    while (Date.now() < end) {
      const book = Array.from({ length: 500 }, (_, i) => i % asked.length);
      let next = 0;
      for await (const { code } of client.verifyMany(book.map((pick) => asked[pick] ?? ""))) {
        const wanted = expected[book[next++] ?? 0] ?? "";
        if (code !== wanted) wrong.set(`${wanted} ${code}`, (wrong.get(`${wanted} ${code}`) ?? 0) + 1);
        answers++;
      }
      if (next !== book.length) wrong.set("lost or doubled", (wrong.get("lost or doubled") ?? 0) + 1);
    }
  };
  let switches = 0;
  const change = async (): Promise<void> => {
    for (; Date.now() < end; switches++) {
      await publish(switches + 1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  };
  await Promise.all([...clients.map(ask), change()]);
  const after = resident(server.process.pid);
  for (const client of clients) client.close();
  server.process.kill("SIGTERM");
  const status = await server.ended;
  rmSync(folder, { recursive: true });
  tell("stream", { answers, switches, wrong: Object.fromEntries(wrong), mebibytes: { before, after }, status });
  expect(Object.fromEntries(wrong)).toEqual({});
  expect(answers).toBeGreaterThan(0);
  expect(status).toBe(0);
});
