import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request, type RequestOptions } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { runHufu, type ServeProcess, startServe } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";
import { jwksOf } from "../../support/make-card.js";

const clientModule = fileURLToPath(new URL("../../../dist/src/client/client.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hufu-tls-"));
const path = (name: string): string => join(folder, name);
const bytes = (name: string): Buffer => readFileSync(path(name));
const openssl = (...args: string[]): void => {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
};
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeAuthority(name: string): void {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
  openssl("req", "-x509", ...KEY, ...files, "-days", "9", "-subj", `/CN=${name}`);
}

function makeCertificate(name: string, authority: string): void {
  openssl("req", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  writeFileSync(path(`${name}.ext`), "subjectAltName=DNS:localhost,IP:127.0.0.1");
  const by = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial"];
  openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-out", `${name}.pem`, "-days", "9", "-extfile", `${name}.ext`);
}

const hasOpenssl = ((): boolean => {
  try {
    openssl("version");
    return true;
  } catch {
    return false;
  }
})();
if (hasOpenssl) {
  for (const authority of ["root", "elsewhere"]) makeAuthority(authority);
  for (const name of ["first", "second", "gate"]) makeCertificate(name, "root");
  makeCertificate("stranger", "elsewhere");
  writeFileSync(path("trust.json"), jwksOf([issuerKey]));
}

interface Answer {
  status: number | undefined;
  body: string;
  shown: string;
}

function ask(port: number, where: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settings = { host: "127.0.0.1", port, path: where, ca: bytes("root.pem"), agent: false, ...options };
    const asked = request({ ...settings, method: body === undefined ? "GET" : "POST" }, (response) => {
      const { socket } = response;
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, body: text, shown: String(shown) });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const shows = (name: string): RequestOptions => ({ cert: bytes(`${name}.pem`), key: bytes(`${name}.key`) });

async function connections(port: number): Promise<number> {
  const { body } = await ask(port, "/metrics");
  return Number(/^hufu_connections (\d+)/m.exec(body)?.[1]);
}

describe.skipIf(!hasOpenssl)(`hufu serve over TLS${hasOpenssl ? "" : " (skipped: openssl is not here)"}`, () => {
  const servers: ServeProcess[] = [];
  const start = async (args: string[]): Promise<ServeProcess> => {
    const server = await startServe(["--trust", path("trust.json"), ...args], { HUFU_SOCKETS: "" });
    servers.push(server);
    return server;
  };
  afterAll(() => {
    for (const { process } of servers) process.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("answers requests and streams, shows a renewed certificate at SIGHUP, and drops no stream for it", async () => {
    for (const end of ["pem", "key"]) copyFileSync(path(`first.${end}`), path(`shown.${end}`));
    const server = await start(["--tls-cert", path("shown.pem"), "--tls-key", path("shown.key")]);
    const body = JSON.stringify({ qr: card, at: at.toISOString() });
    const { shown, body: verdict } = await ask(server.port, "/v1/verify", {}, body);
    expect([shown, (JSON.parse(verdict) as { code: string }).code]).toEqual(["first", "VALID"]);
    const { body: metrics } = await ask(server.port, "/metrics");
    expect(Number(/^hufu_tls_certificate_expires_timestamp_seconds (\S+)/m.exec(metrics)?.[1])).toBeGreaterThan(1.7e9);

    const script = `
      import { HufuClient } from ${JSON.stringify(clientModule)};
      const client = new HufuClient("wss://localhost:${server.port}");
      console.log((await client.verify(${JSON.stringify(card)}, { at: new Date(${at.getTime()}) })).code);
      process.kill(${String(server.process.pid)}, "SIGHUP");
      await new Promise((resolve) => setTimeout(resolve, 500));
      console.log((await client.verify("BB8")).code);
      client.close();`;
    for (const end of ["pem", "key"]) copyFileSync(path(`second.${end}`), path(`shown.${end}`));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: path("root.pem") },
    });
    expect(stdout).toBe("VALID\nBAD_ZLIB\n");
    await expect.poll(async () => (await ask(server.port, "/livez")).shown).toBe("second");

    // A key that is not the certificate's changes nothing.
    copyFileSync(path("first.key"), path("shown.key"));
    server.process.kill("SIGHUP");
    await expect.poll(() => server.log()).toContain("the certificate cannot be used with the key");
    expect((await ask(server.port, "/livez")).shown).toBe("second");

    // Whoever does not speak TLS is not answered; and when all are gone but the one that asks, none is counted.
    const plain = await new Promise<string>((resolve) => {
      let heard = "";
      const socket = connect(server.port, "127.0.0.1", () =>
        socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      );
      socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1"))).on("error", () => undefined);
      socket.on("close", () => {
        resolve(heard);
      });
    });
    expect(plain).not.toContain("HTTP/1.1");
    await expect.poll(() => connections(server.port)).toBe(1);
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  it("lets nobody in without a certificate of the clients' authority", async () => {
    const tls = ["--tls-cert", path("first.pem"), "--tls-key", path("first.key")];
    const { port } = await start([...tls, "--tls-client-ca", path("root.pem")]);
    expect((await ask(port, "/livez", shows("gate"))).status).toBe(200);
    await expect(ask(port, "/livez")).rejects.toThrow();
    await expect(ask(port, "/livez", shows("stranger"))).rejects.toThrow();
    await expect(
      ask(port, "/livez", { ...shows("gate"), maxVersion: "TLSv1.1", minVersion: "TLSv1" }),
    ).rejects.toThrow();
    expect((await ask(port, "/livez", shows("gate"))).status).toBe(200);
  });

  it.each([
    [["--tls-cert", "first.pem"], "name its key too"],
    [["--tls-key", "first.key"], "name its certificate too"],
    [["--tls-client-ca", "root.pem"], "name the server's own"],
    [["--tls-cert", "nonesuch", "--tls-key", "first.key"], "cannot read --tls-cert nonesuch"],
    [["--tls-cert", "first.key", "--tls-key", "first.key"], "the server's certificate cannot be read"],
    [["--tls-cert", "first.pem", "--tls-key", "second.key"], "the certificate cannot be used with the key"],
    [
      ["--tls-cert", "first.pem", "--tls-key", "first.key", "--tls-client-ca", "trust.json"],
      "the certificate of the clients' authority cannot be read",
    ],
  ])("%j ends with 2 and one sentence", (args, sentence) => {
    const serve = ["serve", "--port", "0", "--workers", "1", "--trust", "trust.json"];
    const { status, err } = runHufu([...serve, ...args], { cwd: folder });
    expect([status, err]).toEqual([2, expect.stringContaining(sentence)]);
  });

  it("has uWebSockets.js speak TLS neither by choice nor by chance", () => {
    const serve = ["serve", "--port", "0", "--trust", "trust.json"];
    const tls = ["--tls-cert", "first.pem", "--tls-key", "first.key"];
    const { status, err } = runHufu([...serve, ...tls], { cwd: folder, env: { HUFU_SOCKETS: "uws" } });
    expect([status, err]).toEqual([2, expect.stringContaining("does not speak TLS")]);
  });
});
