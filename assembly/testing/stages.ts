// What tests and benchmarks call stage by stage; not part of the shipped engine.
import { reserve } from "../memory";

export * from "./stages/decode";
export * from "./stages/hash";
export * from "./stages/ed25519";
export * from "./stages/weierstrass";
export * from "./stages/parse";
export * from "./stages/status";

const SCRATCH: usize = reserve(8 << 20);

/** 8 MiB for a test's own bytes. */
export function scratch(): usize {
  return SCRATCH;
}
