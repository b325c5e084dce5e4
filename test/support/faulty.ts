import { main } from "assemblyscript/asc";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compile assembly/testing/faulty.ts: an engine that traps on a batch beginning with "!" and hangs on one with "?". */
export async function compileFaultyEngine(): Promise<WebAssembly.Module> {
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await main(
    [
      "assembly/testing/faulty.ts",
      "--target",
      "debug",
      "--outFile",
      "faulty.wasm",
      "--baseDir",
      root,
      "--sourceMap=false",
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) wasm = Uint8Array.from(contents as Uint8Array);
      },
    },
  );
  if (error !== null || wasm === undefined) {
    throw new Error(`assembly/testing/faulty.ts does not compile: ${error?.message ?? "no output"}`);
  }
  return WebAssembly.compile(wasm);
}
