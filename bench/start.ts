import { fork } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { fileURLToPath } from "node:url";
import { median } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";

const KEYS = 4;
const KINDS = {
  Ed25519: () => generateKeyPairSync("ed25519"),
  "P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};

/** From nothing compiled to an engine that is ready, tables of the trusted keys included; a fresh process each time. */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < (quick ? 1 : 9); round++) {
    for (const [kind, generate] of Object.entries(KINDS)) {
      const keys = Array.from({ length: KEYS }, () => generate().publicKey.export({ format: "jwk" }));
      (times[kind] ??= []).push(await start(JSON.stringify({ keys })));
    }
  }
  return Object.entries(times).map(([kind, all]) => {
    return row("start", `engine compiled and ready, four ${kind} keys`, "ms", median(all));
  });
}

function start(jwks: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./start-process.js", import.meta.url)));
    child.once("message", (milliseconds: number) => {
      resolve(milliseconds);
    });
    child.once("exit", (code) => {
      if (code !== 0) reject(new Error("the engine did not start"));
    });
    child.send(jwks);
  });
}
