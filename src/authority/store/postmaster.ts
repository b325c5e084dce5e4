import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

/** The PostgreSQL server of a folder, by its postmaster.pid (miscadmin.h of PostgreSQL), which is PostgreSQL's own lock. */

export const PID_FILE = "postmaster.pid";

export interface Postmaster {
  pid: number;
  socketFolder: string;
  ready: boolean;
}

/** The server that runs in the folder, or is about to, or is stopping. */
export function readPostmaster(folder: string): Postmaster | undefined {
  const server = readPidFile(folder);
  return server !== undefined && isServerOf(folder, server.pid) ? server : undefined;
}

/** What the last server to start in the folder wrote, and took away if it was stopped. */
export function readPidFile(folder: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(folder, PID_FILE), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, socketFolder: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
}

/**
 * After a crash the file may name a process that is gone, that has ended and that nobody has waited for (a container's
 * first process often waits for none), or somebody else by now, a server of another folder among them.
 */
function isServerOf(folder: string, pid: number): boolean {
  if (process.platform !== "linux") return nameOf(pid) === "postgres";
  try {
    // That of a process that has ended is empty.
    const [program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return basename(program) === "postgres" && worksIn(folder, pid) !== false;
  } catch {
    return false;
  }
}

/** A server's working directory is its folder. Undefined where this user may not see it (proc(5), ptrace access). */
function worksIn(folder: string, pid: number): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? undefined : false;
  }
}

/** Of a process that runs. */
function nameOf(pid: number): string | undefined {
  const [state = "Z", ...name] = spawnSync("ps", ["-o", "state=,comm=", "-p", String(pid)], { encoding: "utf8" })
    .stdout.trim()
    .split(/\s+/);
  return state.startsWith("Z") ? undefined : basename(name.join(" "));
}
