import { mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

// Whatever the tests run keeps its state here, and nothing in anybody's home; spawned commands inherit it.
process.env["HUFU_STATE"] = mkdtempSync(join(tmpdir(), "hufu-test-state-"));

/**
 * Tests name the sources, and run what ships: an import of `../../src/x.js` is served from the build in dist/, so the
 * workers, the WASM files and the source maps are those of the package. test/support/build.ts sees to it that it is of the
 * sources as they are.
 */
export default defineConfig({
  resolve: {
    alias: [{ find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${root}dist/src/$1.js` }],
  },
  test: {
    globalSetup: ["test/support/build.ts", "test/support/state.ts", "test/support/postgres.ts"],
    exclude: process.env["HUFU_SLOW"] === "1" ? [] : ["test/**/*.slow.test.ts"],
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    // Most tests wait for processes of their own: one more at a time than there are processors costs nobody anything.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The server's doors once more as they are where uWebSockets.js does not load.
    projects: [
      { extends: true, test: { name: "hufu", include: ["test/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "node:http",
          include: ["test/src/server/*.test.ts", "test/src/client/*.test.ts"],
          env: { HUFU_SOCKETS: "node" },
        },
      },
    ],
  },
});
