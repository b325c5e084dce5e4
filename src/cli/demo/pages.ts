import { readFile } from "node:fs/promises";
import type { Page } from "../../server/server.js";

const folder = new URL("../../pages/dashboard/", import.meta.url);
const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** The dashboard's files by the path they are served at. */
export async function dashboardPages(): Promise<Map<string, Page>> {
  const files = [
    ["/", "index.html"],
    ["/dashboard.css", "dashboard.css"],
    ["/dashboard.js", "dashboard.js"],
    ["/metrics.js", "metrics.js"],
  ] as const;
  const pages = files.map(async ([path, file]): Promise<[string, Page]> => {
    const type = TYPES[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return [path, { type, body: await readFile(new URL(file, folder), "utf8") }];
  });
  return new Map(await Promise.all(pages));
}
