import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { postgresRuns, temporaryFolder } from "../support/authority.js";
import { killAtWork } from "../support/kills.js";
import { isLong, tell } from "./result.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const LONG = 200;
const SHORT = 6;

/** Of commands whose database is killed, or who are killed themselves. */
it.skipIf(!runs)(
  `nothing that was told of is lost, and every exit is explained${note}`,
  { timeout: 7_200_000 },
  async () => {
    const folder = temporaryFolder();
    const data = join(folder.path, "data");
    const wanted = isLong("kills") ? Number(process.env["HUFU_KILLS"] ?? LONG) : SHORT;
    const result = await killAtWork(data, wanted);
    tell("kills", result);
    expect(result).toMatchObject({ unexplained: [], lost: [], doubled: [] });
    // The last round may kill two.
    expect(result.killed).toBeGreaterThanOrEqual(wanted);
    const running = join(data, "postgres", "postmaster.pid");
    for (let i = 0; i < 200 && existsSync(running); i++) await sleep(50);
    expect(existsSync(running)).toBe(false);
    folder.remove();
  },
);
