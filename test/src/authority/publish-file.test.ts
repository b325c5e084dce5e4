import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publishFile } from "../../../src/authority/publish-file.js";

describe("publishing a file", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hufu-publish-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("replaces the file with all the parts and leaves nothing beside it", async () => {
    const path = join(folder, "status");
    await writeFile(path, "what was there before, and longer than what comes");
    await publishFile(path, [Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(["status"]);
  });

  it("leaves nothing behind where it cannot rename", async () => {
    const path = join(folder, "folder");
    await mkdir(join(path, "full"), { recursive: true });
    await expect(publishFile(path, [Uint8Array.of(1)])).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["folder"]);
  });
});
