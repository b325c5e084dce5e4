import { join } from "node:path";

/**
 * Before any test: whether the embedded PostgreSQL runs here, tried once. The workers of every project inherit the answer
 * with the environment, see `postgresRuns` in authority.ts.
 */
export default async function setup(): Promise<void> {
  if (process.env["HUFU_TEST_POSTGRES"] !== undefined) return; // another project has asked
  // Not at the top: what these are built of is there only when build.ts has run.
  const { temporaryFolder } = await import("./authority.js");
  const { startOrJoin, stopAfterLastClient } = await import("../../src/authority/store/embedded.js");
  const folder = temporaryFolder();
  const cluster = join(folder.path, "postgres");
  try {
    await startOrJoin(cluster);
    await stopAfterLastClient(cluster);
    process.env["HUFU_TEST_POSTGRES"] = "runs";
  } catch (error) {
    process.env["HUFU_TEST_POSTGRES"] = "does not run";
    console.warn("The embedded PostgreSQL does not run here:", error);
  } finally {
    folder.remove();
  }
}
