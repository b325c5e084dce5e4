import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A real PgBouncer in transaction mode, before the server whose Unix socket lies in a folder. */
export interface Pooler {
  /** For these accounts of the server. */
  url(user: string): string;
  stop(): void;
}

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => existsSync(path));

export function poolerIsThere(): boolean {
  return program !== undefined;
}

/** A certificate for TLS, by OpenSSL; undefined where there is none. */
function certificate(folder: string): { key: string; cert: string } | undefined {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const { status } = spawnSync("openssl", [...args, "-subj", "/CN=localhost", "-keyout", key, "-out", cert]);
  return status === 0 ? { key, cert } : undefined;
}

export async function startPooler(socketFolder: string): Promise<Pooler & { tls: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "hufu-pgbouncer-"));
  // Its folder is open to the server's own account only, as which it must run.
  const { uid, gid } = statSync(socketFolder);
  const port = await freePort();
  const tls = certificate(folder);
  const settings = [
    "[databases]",
    `* = host=${socketFolder} port=5432 dbname=postgres`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = trust",
    `auth_file = ${join(folder, "users")}`,
    "pool_mode = transaction",
    "default_pool_size = 8",
    ...(tls
      ? ["client_tls_sslmode = allow", `client_tls_key_file = ${tls.key}`, `client_tls_cert_file = ${tls.cert}`]
      : []),
  ];
  writeFileSync(join(folder, "users"), ["hufu", "limited"].map((user) => `"${user}" ""`).join("\n"));
  writeFileSync(join(folder, "pgbouncer.ini"), settings.join("\n"));
  for (const file of ["", "users", "pgbouncer.ini", ...(tls ? ["key.pem", "cert.pem"] : [])])
    chownSync(join(folder, file), uid, gid);
  const child: ChildProcess = spawn(program!, [join(folder, "pgbouncer.ini")], { uid, gid, stdio: "ignore" });
  for (let i = 0; i < 200 && !(await answers(port)); i++) await sleep(25);
  return {
    url: (user) => `postgres://${user}@127.0.0.1:${port}/postgres`,
    tls: tls !== undefined,
    stop() {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => { resolve(port); }); // prettier-ignore
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); }); // prettier-ignore
    socket.on("error", () => { resolve(false); }); // prettier-ignore
  });
}
