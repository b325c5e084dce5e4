import { inflateSync } from "node:zlib";
import { type Diagnosis, findDamage, type ReadZlib } from "../format/damage/damage.js";
import { MAX_INFLATED_LENGTH } from "../abi/limits.js";

/**
 * What has happened to a text that was refused before anything of a card was seen in it: for whoever has to say so.
 * Not for the hot path: it may take some milliseconds. Undefined where that cannot be told.
 */
export function diagnose(text: string | Uint8Array): Diagnosis | undefined {
  return findDamage(text, readZlib);
}

function readZlib(bytes: Uint8Array): ReturnType<ReadZlib> {
  try {
    const { engine } = inflateSync(bytes, { info: true, maxOutputLength: MAX_INFLATED_LENGTH }) as unknown as {
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === bytes.length ? "whole" : "followed";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR" ? "cut" : "bad";
  }
}
