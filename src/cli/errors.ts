/** What a command could not do and what helps, each one clause: printed as `hufu: <message>; <remedy>.` */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

const REASONS: Partial<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  EEXIST: "there is a file of that name",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ECONNREFUSED: "nothing answers there",
  ENOTFOUND: "there is no such host",
};

/** What went wrong, as one clause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says no more than that it failed.
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return REASONS[code] ?? error.message;
}

/** Exit statuses of every command (contract §6). */
export const EXIT_ACCEPTED = 0;
export const EXIT_SOME_REFUSED = 1;
export const EXIT_USAGE = 2;
