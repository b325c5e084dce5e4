// Checks that what our documents link to is there: files of the repository, and headings in them. Not the network.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" });
const documents = listed.split("\n").filter((path) => path !== "" && existsSync(join(root, path)));
const broken = documents.flatMap((path) =>
  linksOf(read(path))
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => !isThere(path, link))
    .map((link) => `${path}: ${link}`),
);
for (const one of broken) process.stderr.write(`broken link: ${one}\n`);
process.exit(broken.length === 0 ? 0 : 1);

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

function linksOf(text) {
  const prose = text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link);
}

function isThere(document, link) {
  const [file, heading] = link.split("#");
  const target = file === "" ? document : join(dirname(document), file);
  if (!existsSync(join(root, target))) return false;
  return heading === undefined || headingsOf(read(target)).includes(heading);
}

/** As GitHub names them. */
function headingsOf(text) {
  return Array.from(text.matchAll(/^#+ +(.+)$/gm), ([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-"),
  );
}
