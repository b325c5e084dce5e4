import { constants, type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileTooLarge, readOpen } from "../engine/bounded-file.js";
import { reasonOf } from "../engine/reason.js";
import { BEGINNING, type FeedSource, foreignOf, type Look, mostOf } from "./source.js";

/** A feed in a folder. Whoever fills it gives each file its name when it is whole. */
export class FolderSource implements FeedSource {
  readonly #seen = new Map<string, string>();

  constructor(readonly place: string) {}

  read(name: string): Promise<Look<Uint8Array>> {
    return this.#look(name, (file) => readOpen(file, mostOf(name)));
  }

  locate(name: string): Promise<Look<{ path: string }>> {
    return this.#look(name, (_, path) => Promise.resolve({ path }));
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  async release(): Promise<void> {
    // The files are not ours.
  }

  abort(): void {
    // The system cannot be told to give up reading a file.
  }

  /** What `take` makes of a file that is new. */
  async #look<T>(name: string, take: (file: FileHandle, path: string) => Promise<T>): Promise<Look<T>> {
    const path = join(this.place, name);
    let file: FileHandle | undefined;
    try {
      // Opening a pipe would wait for somebody to write into it.
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const status = await file.stat({ bigint: true });
      if (!status.isFile()) throw new Error("it is not a file");
      const mark = `${status.mtimeNs} ${status.size} ${status.ino}`;
      if (this.#seen.get(name) === mark) return "unchanged";
      if (status.size > mostOf(name)) throw new FileTooLarge(Number(status.size), mostOf(name));
      const foreign = foreignOf(await beginningOf(file));
      if (foreign !== undefined) return { foreign };
      const found = await take(file, path);
      this.#seen.set(name, mark);
      return { found };
    } catch (error) {
      if (!isAbsent(error)) throw new Error(reasonOf(error), { cause: error });
    } finally {
      await file?.close();
    }
    await this.#mustBeThere();
    this.#seen.delete(name);
    return "absent";
  }

  /** A file that is not there is one thing, a disk that is not mounted another. */
  async #mustBeThere(): Promise<void> {
    try {
      await stat(this.place);
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
  }
}

async function beginningOf(file: FileHandle): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(new Uint8Array(BEGINNING), 0, BEGINNING, 0);
  return buffer.subarray(0, bytesRead);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
