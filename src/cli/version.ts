import { readFileSync } from "node:fs";

/** Version of this package. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
  return typeof known === "string" ? known : "";
}
