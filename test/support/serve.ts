import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const hufuPath = fileURLToPath(new URL("../../bin/hufu.mjs", import.meta.url));

/** A command that ends by itself, waited for. */
export function runHufu(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): { status: number | null; out: string; err: string } {
  const env = { ...process.env, ...options.env };
  const settings = { ...options, env, encoding: "utf8", timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [hufuPath, ...args], settings);
  return { status, out: stdout, err: stderr };
}

export interface ServeProcess {
  process: ChildProcess;
  /** Everything it has logged. */
  log: () => string;
  port: number;
  /** Its exit status, once it has ended. */
  ended: Promise<number | null>;
}

/** `hufu serve` in a process of its own, on a free port, with one worker. */
export async function startServe(args: readonly string[], env: Record<string, string> = {}): Promise<ServeProcess> {
  const child = spawn(process.execPath, [hufuPath, "serve", "--port", "0", "--workers", "1", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  let log = "";
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
      const found = /"port":(\d+).*"msg":"verifying"/.exec(log)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.once("exit", () => { reject(new Error(log)); }); // prettier-ignore
  });
  return { process: child, log: () => log, port, ended };
}
