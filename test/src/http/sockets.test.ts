import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openSockets } from "../../../src/http/sockets/sockets.js";

const project = fileURLToPath(new URL("../../..", import.meta.url));

it("HUFU_SOCKETS chooses, and what is neither is refused", async () => {
  expect(openSockets("uws").name).toBe("uws");
  const { name, instead, listen } = openSockets("node");
  expect({ name, instead }).toEqual({ name: "node", instead: undefined });
  const listening = await listen("127.0.0.1", 0);
  await expect(openSockets("node").listen("127.0.0.1", listening.port)).rejects.toThrow(/is in use/);
  listening.stop();
  expect(() => openSockets("epoll")).toThrow(/HUFU_SOCKETS is epoll/);
});

it("node:http and ws speak where uWebSockets.js is not there, and that is said", () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-sockets-"));
  cpSync(join(project, "dist/src"), join(folder, "dist/src"), { recursive: true });
  cpSync(join(project, "bin"), join(folder, "bin"), { recursive: true });
  cpSync(join(project, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "scripts"));
  cpSync(join(project, "scripts/node-version.mjs"), join(folder, "scripts/node-version.mjs"));
  // Every package but that one.
  mkdirSync(join(folder, "node_modules"));
  const installed = execFileSync("ls", ["-A", join(project, "node_modules")], { encoding: "utf8" })
    .trim()
    .split("\n");
  for (const name of installed.filter((one) => one !== "uWebSockets.js")) {
    symlinkSync(join(project, "node_modules", name), join(folder, "node_modules", name));
  }
  const program = `
    const { openSockets } = await import("${folder}/dist/src/http/sockets/sockets.js");
    const { name, instead } = openSockets();
    let refused;
    try { openSockets("uws"); } catch (error) { refused = error.message; }
    console.log(JSON.stringify({ name, instead, refused }));`;
  const env = { ...process.env, HUFU_SOCKETS: "" };
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", env });
  expect(JSON.parse(out)).toEqual({
    name: "node",
    instead: expect.stringContaining("add-on does not load") as string,
    refused: expect.stringContaining("add-on does not load") as string,
  });
  const doctor = join(folder, "bin/hufu.mjs");
  const said = execFileSync(process.execPath, [doctor, "doctor", "--json"], { encoding: "utf8", env: { ...env, HUFU_STATE: join(folder, "state") } }); // prettier-ignore
  expect(said).toContain("node:http and ws speak to clients");
  rmSync(folder, { recursive: true });
});
