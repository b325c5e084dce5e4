import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Verifier } from "../../../src/engine/verifier.js";
import { type RunningServer, startServer } from "../../../src/server/server.js";
import { jwksOf } from "../../support/make-card.js";
import { issuerKey } from "../../support/server.js";

let verifier: Verifier;
let server: RunningServer;
beforeAll(async () => {
  verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1 });
  server = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "1.2.3", healthPort: 0 });
});
afterAll(async () => {
  await server.close();
  await verifier.close();
});

function ask(request: string): Promise<string> {
  const socket = connect(server.healthPort!, "127.0.0.1", () => socket.write(request));
  return text(socket);
}

describe("the port of the probes", () => {
  it("answers HTTP/1.0, without a Host, as load balancers ask", async () => {
    expect(await ask("GET /livez HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nalive\n$/);
    expect(await ask("GET /readyz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nready\n$/);
    expect(await ask("HEAD /readyz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
    expect(await ask("GET /version HTTP/1.0\r\n\r\n")).toContain('{"name":"hufu","version":"1.2.3"}');
    expect(await ask("GET /metrics?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toContain("hufu_slabs 32");
  });

  it("has nothing else", async () => {
    expect(await ask("GET /v1/verify HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 404 [^]*"code":"NOT_FOUND"/);
    expect(await ask("POST /livez HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 405 /);
  });

  it("says in one sentence why it cannot be had, and leaves the other port free", async () => {
    const wanted = { host: "127.0.0.1", port: 0, version: "1" };
    await expect(startServer(verifier, { ...wanted, healthPort: server.healthPort! })).rejects.toThrow(
      `port ${server.healthPort} on 127.0.0.1 is in use`,
    );
  });
});
