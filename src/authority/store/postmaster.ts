import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

/** The PostgreSQL server of a folder, by its postmaster.pid (miscadmin.h of PostgreSQL), which is PostgreSQL's own lock. */

export const PID_FILE = "postmaster.pid";

export interface Postmaster {
  pid: number;
  socketFolder: string;
  state: "starting" | "ready" | "stopping";
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
  const said = lines[7]?.trim();
  const state = said === "ready" || said === "stopping" ? said : "starting";
  return { pid, socketFolder: lines[4] ?? "", state };
}

/** What a server goes on with when it has no clients and starts nothing, as processes are titled. */
const AUXILIARY = /^postgres: (io worker \d+|checkpointer)\s*$/;

/**
 * Whether a server that stops waits for nothing that will ever happen: PostgreSQL 18, told to stop while it recovers from
 * the death of one of its processes, waits for ever for others that nobody has told. While it writes its last checkpoint
 * it looks the same.
 */
export function isAlone({ pid, state }: Postmaster): boolean {
  const children = childrenOf(pid);
  return state === "stopping" && children.length > 0 && children.every((title) => AUXILIARY.test(title));
}

/** Titles of a process's children; none where they cannot be seen. */
function childrenOf(pid: number): string[] {
  if (process.platform === "linux") {
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      return children.map((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      return [];
    }
  }
  const { stdout } = spawnSync("ps", ["-A", "-o", "ppid=", "-o", "args="], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [, parent, title = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === pid ? [title] : [];
  });
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
