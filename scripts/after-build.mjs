// Puts what tsc leaves behind, the pages' HTML and CSS, beside their compiled scripts, and takes away what an earlier build
// made of sources that are gone: nothing stale is run or packed.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const isPage = (path) => /\.(html|css)$/.test(path);

cpSync(join(root, "src/pages"), join(root, "dist/src/pages"), {
  recursive: true,
  filter: (path) => isPage(path) || statSync(path).isDirectory(),
});

const { targets } = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8"));
const modules = new Set(Object.values(targets).map(({ outFile }) => outFile));

/** What a file of dist/ was made of. */
function hasSource(path) {
  if (/\.wasm(\.map)?$/.test(path)) return modules.has(path.replace(/\.map$/, ""));
  const source = path.replace(/^dist\//, "");
  return existsSync(join(root, isPage(path) ? source : source.replace(/(\.d)?\.(ts|js)(\.map)?$/, ".ts")));
}

for (const folder of ["dist/src", "dist/bench"]) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    const path = join(folder, String(name)).replaceAll("\\", "/");
    if (existsSync(join(root, path)) && statSync(join(root, path)).isFile() && !hasSource(path)) {
      rmSync(join(root, path));
    }
  }
}
