import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, it } from "vitest";

it("hufu/client is under 10 KB compressed, and needs nothing but its codec, and ws where there is no WebSocket", async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL("../../../src/client/client.ts", import.meta.url)), formats: ["es"] },
      minify: true,
      rolldownOptions: { external: ["msgpackr", "ws"] },
    },
  });
  const [bundle] = [built].flat();
  if (bundle === undefined || !("output" in bundle)) throw new Error("there is no bundle");
  const chunks = bundle.output.filter((file) => file.type === "chunk");
  expect(new Set(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]))).toEqual(
    new Set(["msgpackr", "ws"]),
  );
  const bytes = gzipSync(chunks.map(({ code }) => code).join("\n")).length;
  expect(bytes).toBeLessThan(10_240);
});
