import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrivateFolder } from "../../../src/engine/private-folder.js";
import { StateFolder, stateFolderOf } from "../../../src/engine/state-folder.js";

const writer = fileURLToPath(new URL("../../support/state-writer.mjs", import.meta.url));

let place: string;
let count = 0;
const fresh = (): string => join(place, `${++count}`);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "hufu-state-"));
});
afterAll(() => rm(place, { recursive: true }));

const marks = (entries: Record<string, number>): Map<string, number> => new Map(Object.entries(entries));

describe("a state folder", () => {
  it("keeps the largest of each mark, for this user only, and for whoever opens it next", async () => {
    const folder = fresh();
    const first = await StateFolder.open(folder);
    expect(await first.read("a")).toEqual(new Map());
    expect(await first.raise("a", marks({ x: 5, y: 1 }))).toEqual(marks({ x: 5, y: 1 }));
    expect(await first.raise("a", marks({ x: 4, y: 2, z: 0 }))).toEqual(marks({ x: 5, y: 2, z: 0 }));
    await first.raise("a.b", marks({ x: 9 }));
    const next = await StateFolder.open(folder);
    expect(await next.read("a")).toEqual(marks({ x: 5, y: 2, z: 0 }));
    expect(await next.read("a.b")).toEqual(marks({ x: 9 }));
    const files = await readdir(next.records);
    expect(files).toHaveLength(2);
    for (const file of files) expect((await stat(join(next.records, file))).mode & 0o777).toBe(0o600);
    for (const path of [next.records, next.processes]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it("writes nothing where nothing is new", async () => {
    const state = await StateFolder.open(fresh());
    await state.raise("a", marks({ x: 5 }));
    const before = await readdir(state.records);
    await state.raise("a", marks({ x: 5 }));
    await state.raise("a", marks({ x: 3 }));
    expect(await readdir(state.records)).toEqual(before);
  });

  it("a damaged file is named, with what to do, and never passed over", async () => {
    const state = await StateFolder.open(fresh());
    await state.raise("a", marks({ x: 5 }));
    const [file = ""] = await readdir(state.records);
    const path = join(state.records, file);
    const whole = await readFile(path, "utf8");
    for (const damaged of [
      "",
      "null",
      whole.slice(0, -4),
      whole.replace("5", '"5"'),
      whole.replace("5", "-5"),
      whole.replace('"hufuState": 1', '"hufuState": 2'),
      '{"hufuState":1,"marks":[]}',
    ]) {
      // prettier-ignore
      await writeFile(path, damaged);
      const refused = { name: "StateError", code: "DAMAGED", message: expect.stringContaining(path) as string, remedy: expect.stringContaining("remove it") as string }; // prettier-ignore
      await expect(state.read("a"), damaged).rejects.toMatchObject(refused);
      await expect(state.raise("a", marks({ x: 6 })), damaged).rejects.toMatchObject(refused);
    }
    await writeFile(path, whole);
    expect(await state.read("a")).toEqual(marks({ x: 5 }));
  });

  it("one that cannot be written is refused at once", async () => {
    const file = fresh();
    await writeFile(file, "");
    await expect(StateFolder.open(join(file, "below"))).rejects.toMatchObject({ name: "StateError", code: "NOT_WRITABLE" }); // prettier-ignore
    const folder = fresh();
    await StateFolder.open(folder);
    await rm(join(folder, "verifier"), { recursive: true });
    await writeFile(join(folder, "verifier"), "");
    await expect(StateFolder.open(folder)).rejects.toMatchObject({ code: "NOT_WRITABLE" });
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "nor where this user may not (not asked as root)",
    async () => {
      // prettier-ignore
      const folder = fresh();
      await mkdir(folder, { mode: 0o500 });
      await expect(StateFolder.open(folder)).rejects.toMatchObject({ code: "NOT_WRITABLE" });
      await chmod(folder, 0o700);
    },
  );

  it("what a process left unfinished counts for nothing, and goes when it is old", async () => {
    const folder = fresh();
    const state = await StateFolder.open(folder);
    for (const name of ["old", "young"]) await writeFile(join(state.records, `a.${name}.unfinished`), "{");
    await utimes(join(state.records, "a.old.unfinished"), 1, 1);
    expect(await (await StateFolder.open(folder)).read("a")).toEqual(new Map());
    expect(await readdir(state.records)).toEqual(["a.young.unfinished"]);
  });

  it("processes that share one, and are killed at any moment, lose nothing that they were told is kept", async () => {
    const folder = fresh();
    const state = await StateFolder.open(folder);
    const told = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const children = ["p", "q", "r"].map((mark) => {
        const child = fork(writer, [folder, mark, String(round * 100_000)]);
        child.on("message", (number) => told.set(mark, Math.max(told.get(mark) ?? 0, Number(number))));
        return child;
      });
      await Promise.all(children.map((child) => once(child, "message")));
      // Reading beside them never goes back either.
      let before = await state.read("shared");
      for (let turn = 0; turn < 20; turn++) {
        const now = await state.read("shared");
        for (const [mark, number] of before) expect(now.get(mark)).toBeGreaterThanOrEqual(number);
        before = now;
      }
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => once(child, "exit")));
      const kept = await (await StateFolder.open(folder)).read("shared");
      expect(told.size).toBe(3);
      for (const [mark, number] of told) expect(kept.get(mark)).toBeGreaterThanOrEqual(number);
    }
  });
});

describe("folders of processes", () => {
  it("go when their processes have died, and not before", async () => {
    const folder = fresh();
    const { processes } = await StateFolder.open(folder);
    const own = new PrivateFolder(processes);
    const path = await own.path("a");
    const [name = ""] = await readdir(processes);
    const [pid = "", start = ""] = name.split("-");
    expect(Number(pid)).toBe(process.pid);
    const others = {
      // A number that no process has, and this one's with another beginning.
      dead: `4194305-1-${hostname()}-abcdef`,
      reused: `${pid}-${Number(start) + 1}-${hostname()}-abcdef`,
      alive: `${pid}-${start}-${hostname()}-abcdef`,
      elsewhere: `1-1-not-${hostname()}-abcdef`,
      longElsewhere: `1-1-nor-${hostname()}-abcdef`,
      somethingElse: "notes",
    };
    for (const other of Object.values(others)) await mkdir(join(processes, other));
    await utimes(join(processes, others.longElsewhere), 1, 1);
    await StateFolder.open(folder);
    expect((await readdir(processes)).sort()).toEqual([name, others.alive, others.elsewhere, "notes"].sort());
    await writeFile(path, "");
    await own.remove();
    expect(await readdir(processes)).not.toContain(name);
  });
});

describe("where the state folder is", () => {
  const home = join(homedir(), ".local", "state", "hufu");
  for (const [setting, env, expected] of [
    ["/a", { STATE_DIRECTORY: "/b" }, "/a"],
    ["none", { STATE_DIRECTORY: "/b" }, undefined],
    [undefined, { STATE_DIRECTORY: "/b:/c", XDG_STATE_HOME: "/d" }, "/b"],
    ["", { STATE_DIRECTORY: "", XDG_STATE_HOME: "/d" }, "/d/hufu"],
    [undefined, { XDG_STATE_HOME: "" }, home],
    [undefined, {}, home],
  ] as const) {
    it(`${String(setting)} and ${JSON.stringify(env)}: ${String(expected)}`, () => {
      expect(stateFolderOf(setting, env)).toBe(expected);
    });
  }
});
