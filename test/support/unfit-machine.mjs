// Preloaded into a command: makes the machine lack what UNFIT names.
import fs from "node:fs/promises";
import Module, { syncBuiltinESMExports } from "node:module";

switch (process.env.UNFIT) {
  case "node":
    Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } });
    break;
  case "simd":
    globalThis.WebAssembly.compile = () =>
      Promise.reject(new globalThis.WebAssembly.CompileError("Wasm SIMD unsupported"));
    break;
  case "build": {
    const { readFile } = fs;
    fs.readFile = (path, ...rest) =>
      readFile(String(path).endsWith("hufu.wasm") ? "/nonexistent/hufu.wasm" : path, ...rest);
    syncBuiltinESMExports();
    break;
  }
  case "glibc": {
    const load = Module._load;
    Module._load = (request, ...rest) => {
      if (!/uws_.*\.node$/.test(request)) return load(request, ...rest);
      throw new Error("/lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.38' not found");
    };
    break;
  }
}
