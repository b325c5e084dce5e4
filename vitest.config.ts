import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

/**
 * Tests name the sources, and run what ships: an import of `../../src/x.js` is served from the build in dist/, so the
 * workers, the WASM files and the source maps are those of the package.
 */
export default defineConfig({
  resolve: {
    alias: [{ find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${root}dist/src/$1.js` }],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: process.env["HUFU_SLOW"] === "1" ? [] : ["test/**/*.slow.test.ts"],
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
