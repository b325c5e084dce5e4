/** Why there is no engine, and what helps, each one clause. */
export class EngineUnavailable extends Error {
  override readonly name = "EngineUnavailable";
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** A WebAssembly.Module, spelt so that the types of the package ask for no DOM library. */
export type EngineModule = object;

/** The engine shipped beside this file, compiled: from disk in Node, over HTTP in browsers. Throws EngineUnavailable. */
export async function compileEngine(): Promise<EngineModule> {
  const url = new URL("./hufu.wasm", import.meta.url);
  try {
    if (url.protocol !== "file:") return await WebAssembly.compileStreaming(fetch(url));
    const { readFile } = await import("node:fs/promises");
    return await WebAssembly.compile(await readFile(url));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof WebAssembly.CompileError) {
      const remedy = "use a processor with SSE4.1 or NEON, and in a checkout build it again with `npm run build`";
      throw new EngineUnavailable(`the engine does not compile here: ${message}`, remedy);
    }
    throw new EngineUnavailable(
      `the engine cannot be read: ${message}`,
      "install hufu again, or in a checkout run `npm run build`",
    );
  }
}
