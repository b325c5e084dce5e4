import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { publishTo } from "../../src/authority/publisher.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../support/authority.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";

/** As a relying party has it: in a folder of its own, beside the installed package. */
it.skipIf(!runs)(`examples/first.ts gives a verdict on each card${note}`, async () => {
  const folder = temporaryFolder();
  const authority = await initAuthority(join(folder.path, "data"));
  const lite = await authority.enrol(citizen(1), { actor: "test" });
  const lost = await authority.enrol(citizen(2), { actor: "test" });
  await authority.revoke(citizen(2).id, { actor: "test", reason: "lost" });
  await publishTo(authority, folder.path, { what: "all" });
  await authority.close();
  writeFileSync(join(folder.path, "cards.txt"), `${lite.qr}\n${lost.qr}\nBB8\n`);

  const source = readFileSync(join(project, "examples/first.ts"), "utf8");
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } }); // prettier-ignore
  writeFileSync(join(folder.path, "first.mjs"), outputText);
  mkdirSync(join(folder.path, "node_modules"));
  symlinkSync(project, join(folder.path, "node_modules/hufu"));
  const out = execFileSync(process.execPath, ["first.mjs"], { cwd: folder.path, encoding: "utf8" });
  expect(out.split("\n")).toEqual(["accepted VALID lite", "refused REVOKED lite", "refused BAD_ZLIB ", ""]);
  folder.remove();
});
