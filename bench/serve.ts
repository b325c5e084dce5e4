import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `hufu serve` with one worker, on a free port. Returns its URL. */
export async function serve(feed: string, started: ChildProcess[], ...more: string[]): Promise<string> {
  const hufu = fileURLToPath(new URL("../../bin/hufu.mjs", import.meta.url));
  const child = spawn(process.execPath, [hufu, "serve", "--feed", feed, "--port", "0", "--workers", "1", ...more], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HUFU_STATE: "none" },
  });
  started.push(child);
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const port = /"port":(\d+)/.exec(log)?.[1];
      if (port !== undefined) resolve(`ws://127.0.0.1:${port}`);
    });
    child.once("exit", () => {
      reject(new Error(`a verifier did not start: ${log}`));
    });
  });
}

/** What a process has of memory, as Linux tells it. */
export function residentMebibytes({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? "self"}/status`, "utf8"))?.[1]) / 1024;
}
