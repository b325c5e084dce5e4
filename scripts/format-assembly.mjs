// `node scripts/format-assembly.mjs [--check]`: formats assembly/ by prettier, which reads AssemblyScript as TypeScript, and
// stumbles over decorators of functions alone: they pass it as comments.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";

const folder = fileURLToPath(new URL("../assembly", import.meta.url));
const isCheck = process.argv.includes("--check");
const hide = (text) => text.replaceAll(/^@(\w+)$/gm, "// decorator: $1");
const show = (text) => text.replaceAll(/^\/\/ decorator: (\w+)$/gm, "@$1");

const options = { ...(await resolveConfig(folder)), parser: "typescript" };
for (const name of readdirSync(folder, { recursive: true }).filter((one) => one.endsWith(".ts"))) {
  const path = join(folder, name);
  const before = readFileSync(path, "utf8");
  const after = show(await format(hide(before), options));
  if (after === before) continue;
  if (!isCheck) writeFileSync(path, after);
  else {
    process.stderr.write(`assembly/${name} is not formatted: npm run format\n`);
    process.exitCode = 1;
  }
}
