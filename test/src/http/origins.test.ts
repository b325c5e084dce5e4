import { describe, expect, it } from "vitest";
import { Line, MSGPACK } from "../../support/line.js";
import { RawLine } from "../../support/raw.js";
import { type Station, startStation } from "../../support/server.js";
import type { ServerOptions } from "../../../src/server/server.js";

const BODY = JSON.stringify({ qr: "BB8" });

async function ask(station: Station, path: string, headers: readonly string[], method = "POST"): Promise<string> {
  const line = new RawLine(station.port);
  const all = [...headers, `Content-Length: ${method === "POST" ? BODY.length : 0}`, "Connection: close"];
  await line.send(`${method} ${path} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${method === "POST" ? BODY : ""}`);
  return line.end();
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

async function during(options: Partial<ServerOptions>, work: (station: Station) => Promise<void>): Promise<void> {
  const station = await startStation(options);
  try {
    await work(station);
  } finally {
    await station.stop();
  }
}

describe("a verifier that lets everyone in", () => {
  it("answers to the names it has, and to no other: a page may have made one point here", async () => {
    await during({ allowHost: ["Verifier.example"] }, async (station) => {
      for (const host of ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST.", "verifier.example:443"]) {
        expect(statusOf(await ask(station, "/v1/verify", [`Host: ${host}`])), host).toBe(200);
      }
      for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "192.0.2.1"]) {
        const answer = await ask(station, "/v1/verify", [`Host: ${host}`]);
        expect(statusOf(answer), host).toBe(403);
        expect(answer).toContain('"code":"HOST_NOT_ALLOWED"');
        for (const path of ["/livez", "/readyz", "/metrics"]) {
          expect(statusOf(await ask(station, path, [`Host: ${host}`], "GET")), path).toBe(200);
        }
        expect(statusOf(await ask(station, "/version", [`Host: ${host}`], "GET"))).toBe(403);
      }
    });
  });

  it("answers its own pages and those it was told of, and no others", async () => {
    await during({ cors: ["https://desk.example"] }, async (station) => {
      const host = `Host: localhost:${station.port}`;
      const own = await ask(station, "/v1/verify", [host, `Origin: http://localhost:${station.port}`]);
      expect(statusOf(own)).toBe(200);
      const desk = await ask(station, "/v1/verify", [host, "Origin: https://desk.example"]);
      expect(statusOf(desk)).toBe(200);
      expect(desk).toMatch(/access-control-allow-origin: https:\/\/desk\.example\r/i);
      for (const origin of ["https://evil.example", "http://localhost:1", "http://desk.example", "null"]) {
        const answer = await ask(station, "/v1/verify", [host, `Origin: ${origin}`]);
        expect(statusOf(answer), origin).toBe(403);
        expect(answer).toContain('"code":"ORIGIN_NOT_ALLOWED"');
        expect(answer).not.toMatch(/access-control-allow/i);
      }
    });
  });

  it("lets no other page open a stream", async () => {
    await during({ cors: ["https://desk.example"] }, async ({ url }) => {
      const desk = new Line(url, MSGPACK, { origin: "https://desk.example" });
      expect((await desk.received(1))[0]).toMatchObject({ type: "welcome" });
      await expect(new Line(url, MSGPACK, { origin: "https://evil.example" }).received(1)).rejects.toThrow("closed");
      await expect(new Line(url, MSGPACK, { host: "evil.example" }).received(1)).rejects.toThrow("closed");
      desk.close();
    });
  });

  it("tells a browser that asks first what it may ask", async () => {
    await during({ cors: ["https://desk.example"] }, async (station) => {
      const question = ["Host: localhost", "Access-Control-Request-Method: POST"];
      const desk = await ask(station, "/v1/verify", [...question, "Origin: https://desk.example"], "OPTIONS");
      expect(statusOf(desk)).toBe(204);
      expect(desk).toMatch(/access-control-allow-headers: Authorization, Content-Type, Idempotency-Key\r/i);
      const evil = await ask(station, "/v1/verify", [...question, "Origin: https://evil.example"], "OPTIONS");
      expect(statusOf(evil)).toBe(403);
    });
  });
});

describe("a verifier that demands tokens", () => {
  it("asks for them, and for no name: whoever has one may come from anywhere", async () => {
    await during({ tokens: [{ token: "s3cret" }] }, async (station) => {
      const elsewhere = ["Host: evil.example", "Origin: https://evil.example"];
      expect(statusOf(await ask(station, "/v1/verify", elsewhere))).toBe(401);
      expect(statusOf(await ask(station, "/v1/verify", [...elsewhere, "Authorization: Bearer s3cret"]))).toBe(200);
    });
  });
});
