import { readdirSync, readFileSync } from "node:fs";

/** File descriptors of this process: those it may have, and those it has. */
export interface Descriptors {
  most: number;
  open: number;
}

/** Kept for files, feeds and threads that are replaced. */
export const SPARE_DESCRIPTORS = 32;
/** Those of a worker thread's event loop, and those that wake it. */
const PER_WORKER = 4;

/** What there is too little of, and what helps, each one clause. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** Undefined where the system does not tell: there is no /proc but on Linux. */
export function descriptors(): Descriptors | undefined {
  try {
    const most = Number(/^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
    return Number.isInteger(most) ? { most, open: readdirSync("/proc/self/fd").length } : undefined;
  } catch {
    return undefined;
  }
}

/** A thread that cannot open what it needs ends the process. Throws ResourceError before so many are begun. */
export function demandDescriptors(workers: number): void {
  const known = descriptors();
  if (known === undefined) return;
  const needed = known.open + workers * PER_WORKER + SPARE_DESCRIPTORS;
  if (needed <= known.most) return;
  throw new ResourceError(
    `${workers} workers need ${needed} open files, and this process may have ${known.most}`,
    "raise the limit, with `ulimit -n 4096`, or take fewer workers",
  );
}
