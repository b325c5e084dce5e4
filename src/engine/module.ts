/** The engine shipped beside this file, compiled: from disk in Node, over HTTP in browsers. */
export async function compileEngine(): Promise<WebAssembly.Module> {
  const url = new URL("./hufu.wasm", import.meta.url);
  if (url.protocol !== "file:") return WebAssembly.compileStreaming(fetch(url));
  const { readFile } = await import("node:fs/promises");
  return WebAssembly.compile(await readFile(url));
}
