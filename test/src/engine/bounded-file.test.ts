import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { collectBounded, FileTooLarge, readBounded, readBoundedSync } from "../../../src/engine/bounded-file.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-bounded-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const path = join(folder, "file");
const LIMIT = 100_000;

describe.each([
  ["readBounded", readBounded],
  ["readBoundedSync", async (file: string, most: number) => Promise.resolve(readBoundedSync(file, most))],
])("%s", (_, read) => {
  it.each([0, 1, 65_536, LIMIT])("reads a file of %d bytes", async (length) => {
    const content = Uint8Array.from({ length }, (__, i) => i % 251);
    writeFileSync(path, content);
    expect(Buffer.from(content).equals(await read(path, LIMIT))).toBe(true);
  });

  it("refuses one byte more, and says how many there are", async () => {
    writeFileSync(path, new Uint8Array(LIMIT + 1));
    await expect(async () => read(path, LIMIT)).rejects.toThrow(FileTooLarge);
    await expect(async () => read(path, LIMIT)).rejects.toThrow("it has 100001 bytes, and at most 100000 are read");
  });

  it("reads nothing of a file of 1.1 GiB", async () => {
    writeFileSync(path, "");
    truncateSync(path, 1_181_116_006);
    const before = process.memoryUsage().arrayBuffers;
    await expect(async () => read(path, LIMIT)).rejects.toThrow(FileTooLarge);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LIMIT);
  });

  it.skipIf(!existsSync("/dev/zero"))("stops where a file that has no length does not end", async () => {
    await expect(async () => read("/dev/zero", LIMIT)).rejects.toThrow("it has more than 100000 bytes");
  });

  it("says as the system does that there is no such file", async () => {
    await expect(async () => read(join(folder, "nonesuch"), LIMIT)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(async () => read(folder, LIMIT)).rejects.toMatchObject({ code: "EISDIR" });
  });
});

it("a stream is read as far, and no further", async () => {
  const pieces = function* (count: number) {
    for (let i = 0; i < count; i++) yield Buffer.alloc(1000, i);
  };
  expect(await collectBounded(Readable.from(pieces(100)), LIMIT)).toHaveLength(LIMIT);
  await expect(collectBounded(Readable.from(pieces(Infinity)), LIMIT)).rejects.toThrow("it has more than 100000 bytes");
});
