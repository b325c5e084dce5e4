import { readFile } from "node:fs/promises";
import { instantiate } from "@assemblyscript/loader";

/** The engine's stages, optimised like the engine that ships, with 8 MiB of scratch memory. */
export interface Stages<E> {
  exports: E & { memory: WebAssembly.Memory };
  /** Copy bytes into the scratch memory behind those put before; returns their address. 64 bytes lie between. */
  put(bytes: Uint8Array): number;
  /** Set bytes aside for results; returns their address. */
  space(length: number): number;
}

export async function loadStages<E>(): Promise<Stages<E>> {
  const file = new URL("../src/engine/hufu.stages.wasm", import.meta.url);
  const { exports } = await instantiate(await readFile(file), {});
  const wasm = exports as unknown as E & { memory: WebAssembly.Memory; scratch(): number };
  let top = wasm.scratch();
  const space = (length: number): number => {
    const address = top;
    top = (top + length + 127) & ~63;
    return address;
  };
  return {
    exports: wasm,
    space,
    put(bytes) {
      const address = space(bytes.length);
      new Uint8Array(wasm.memory.buffer).set(bytes, address);
      return address;
    },
  };
}
