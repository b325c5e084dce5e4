import { readdirSync, readFileSync } from "node:fs";

/** File descriptors of this process: those it may have, and those it has. */
export interface Descriptors {
  most: number;
  open: number;
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
