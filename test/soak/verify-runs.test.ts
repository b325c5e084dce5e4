import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { jwksOf } from "../support/make-card.js";
import { hufuPath } from "../support/serve.js";
import { at, card, codes, issuerKey, texts } from "../support/server.js";
import { isLong, tell } from "./result.js";

/** Where a run ends so early that workers have hardly loaded, Node 20 aborted 2 of 620 processes after right verdicts. */
it("short runs of hufu verify end as they should", { timeout: 6 * 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-runs-"));
  writeFileSync(join(folder, "trust.json"), jwksOf([issuerKey]));
  const node = process.env["HUFU_NODE"] ?? process.execPath;
  const runs = isLong("verify-runs") ? Number(process.env["HUFU_RUNS"] ?? "700") : 6;
  const wrong: string[] = [];
  for (let run = 0; run < runs; run++) {
    const [lines, expected, exit] = run % 2 === 0 ? [[card], ["VALID"], 0] : [texts, codes, 1];
    const args = [hufuPath, "verify", "--trust", join(folder, "trust.json"), "--at", at.toISOString(), "--json"];
    const child = spawn(node, args);
    child.stdin.end(lines.join("\n"));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const found = out.split("\n").filter(Boolean).map((line) => (JSON.parse(line) as { code: string }).code); // prettier-ignore
    const isRight = child.exitCode === exit && err === "" && found.join() === expected.join();
    // Told as it goes: whoever stops it knows how far it came.
    if (run % 10 === 9) tell("verify-runs", { node, runs: run + 1, wrong });
    if (!isRight) wrong.push(`run ${run}: exit ${child.exitCode ?? child.signalCode ?? ""}: ${found.join()} ${err}`);
  }
  rmSync(folder, { recursive: true });
  tell("verify-runs", { node, runs, wrong });
  expect(wrong).toEqual([]);
});
