import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Compile `entry` with its assertions on, as the debug build is; `changes` stand for files below the project's root, by
 * their path, whether these are there or not.
 */
export async function compileEntry(
  entry: string,
  changes: ReadonlyMap<string, string> = new Map(),
): Promise<WebAssembly.Module> {
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await main(
    [entry, "--target", "debug", "--outFile", "out.wasm", "--baseDir", root, "--sourceMap=false"],
    {
      readFile: (name, baseDir) => {
        try {
          return changes.get(name) ?? readFileSync(join(baseDir, name), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) wasm = Uint8Array.from(contents as Uint8Array);
      },
    },
  );
  if (error !== null || wasm === undefined) {
    throw new Error(`${entry} does not compile: ${error?.message ?? "no output"}`);
  }
  return WebAssembly.compile(wasm);
}
