import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publishFile, Staging } from "../../../src/authority/publish-file.js";

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

  it("gives several their places only when all of them are whole", async () => {
    const [trust, status] = [join(folder, "trust"), join(folder, "status")];
    await writeFile(trust, "old");
    const staging = new Staging();
    await staging.add(trust, [Uint8Array.of(1)]);
    await staging.add(status, [Uint8Array.of(2)]);
    expect(await readFile(trust, "utf8")).toBe("old");
    await staging.switch();
    await staging.abandon();
    expect([[...(await readFile(trust))], [...(await readFile(status))]]).toEqual([[1], [2]]);
    expect((await readdir(folder)).sort()).toEqual(["status", "trust"]);
  });

  it("leaves all as they were where one cannot be made", async () => {
    const trust = join(folder, "trust");
    await writeFile(trust, "old");
    const staging = new Staging();
    await staging.add(trust, [Uint8Array.of(1)]);
    await expect(staging.add(join(folder, "nowhere", "status"), [])).rejects.toThrow("ENOENT");
    await staging.abandon();
    expect(await readFile(trust, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["trust"]);
  });

  it("removes what a publisher left that was killed long ago, and nothing else", async () => {
    const names = ["trust.0123456789ab.tmp", "trust.ba9876543210.tmp", "trust.backup.tmp", "other.0123456789ab.tmp"];
    for (const name of names) await writeFile(join(folder, name), "");
    const longAgo = new Date(Date.now() - 7_200_000);
    for (const name of [names[0]!, names[2]!, names[3]!]) await utimes(join(folder, name), longAgo, longAgo);
    await publishFile(join(folder, "trust"), [Uint8Array.of(1)]);
    expect((await readdir(folder)).sort()).toEqual([...names.slice(1), "trust"].sort());
  });
});
