import { spawnSync } from "node:child_process";

/**
 * Verifications a second of the C library alone, on one core, without any binding around it: what `openssl speed`
 * counts. It signs 32 bytes or so, so that it hashes next to nothing. Undefined where there is no openssl command.
 */
export function opensslVerifications(algorithm: "ed25519" | "ecdsap256" | "sm2"): number | undefined {
  const { stdout, status } = spawnSync("openssl", ["speed", "-mr", "-seconds", "2", algorithm], { encoding: "utf8" });
  const [last] = stdout.trim().split("\n").slice(-1);
  if (status !== 0 || last === undefined) return undefined;
  const value = Number(last.split(":").at(-1));
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
