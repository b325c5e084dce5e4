import { readFile } from "node:fs/promises";
import { instantiate } from "@assemblyscript/loader";

/** The exports every build with the stages has; each test file adds the functions of its own stage. */
export interface StagesExports {
  memory: WebAssembly.Memory;
  /** Address of 8 MiB for the test's own bytes. */
  scratch(): number;
}

export interface Stages<E> {
  exports: E & StagesExports;
  /** Address of the scratch region. */
  base: number;
  /** Copy bytes to `offset` of the scratch region; returns their address. */
  put(bytes: Uint8Array, offset: number): number;
  /** Copy `length` bytes out of memory at `address`. */
  take(address: number, length: number): Uint8Array;
}

/** Load the stages: `stages` is optimised like the shipped engine, `debug` has its assertions on. */
export async function loadStages<E>(build: "stages" | "debug" = "stages"): Promise<Stages<E>> {
  const file = new URL(`../../dist/src/engine/hufu.${build}.wasm`, import.meta.url);
  const { exports } = await instantiate(await readFile(file), {});
  const typed = exports as unknown as E & StagesExports;
  const base = typed.scratch();
  return {
    exports: typed,
    base,
    put(bytes, offset) {
      new Uint8Array(typed.memory.buffer).set(bytes, base + offset);
      return base + offset;
    },
    take(address, length) {
      return new Uint8Array(typed.memory.buffer).slice(address, address + length);
    },
  };
}
