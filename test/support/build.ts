import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Before any test: what it runs is built of the sources as they are now, at no cost where nothing has changed. */
export default function build(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url))], {
    stdio: "inherit",
  });
}
