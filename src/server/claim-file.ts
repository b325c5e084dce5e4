import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Claims, type Claim, type ClaimsOptions } from "./claims.js";

/** Bytes of a claim in the file: four digests, and when the presentation was made. */
const RECORD = 4 * 32 + 8;
const SUFFIX = ".claims";

/**
 * Claims that outlive the process: each is in its file before it counts. Processes that share the folder have a file each,
 * and whoever starts takes over what all of them hold. A record that was cut off by the end of a process is one that never
 * counted. Throws what the file system throws.
 */
export function openClaims(folder: string, options: ClaimsOptions): { claims: Claims; close: () => void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = readKept(folder, options);
  const file = openSync(join(folder, `${randomUUID()}${SUFFIX}`), "wx", 0o600);
  const keep = (claim: Claim): void => {
    const record = toRecord(claim);
    if (writeSync(file, record) !== record.length) throw new Error("the claim could not be written whole");
  };
  const claims = new Claims(options, keep);
  for (const claim of kept) {
    keep(claim);
    claims.remember(claim);
  }
  return { claims, close: () => { closeSync(file); } }; // prettier-ignore
}

/** What the files hold that is not too old, each presentation once. Files that have nothing of that any more are removed. */
function readKept(folder: string, { now, window }: ClaimsOptions): Iterable<Claim> {
  const oldest = now() - window();
  const claims = new Map<string, Claim>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(SUFFIX)) continue;
    const path = join(folder, name);
    const isOld = statSync(path).mtimeMs / 1000 < oldest;
    if (isOld) rmSync(path, { force: true });
    else for (const claim of readClaims(path)) if (claim.issuedAt >= oldest) claims.set(claim.identity, claim);
  }
  return claims.values();
}

function readClaims(path: string): Claim[] {
  const bytes = readFileSync(path);
  const count = Math.floor(bytes.length / RECORD);
  return Array.from({ length: count }, (_, i) => fromRecord(bytes.subarray(i * RECORD, (i + 1) * RECORD)));
}

function toRecord({ identity, credential, scan, text, issuedAt }: Claim): Buffer {
  const record = Buffer.alloc(RECORD);
  record.write(identity + credential + scan + text, "latin1");
  record.writeBigInt64LE(BigInt(issuedAt), RECORD - 8);
  return record;
}

function fromRecord(record: Buffer): Claim {
  const digest = (index: number): string => record.toString("latin1", index * 32, index * 32 + 32);
  return {
    identity: digest(0),
    credential: digest(1),
    scan: digest(2),
    text: digest(3),
    issuedAt: Number(record.readBigInt64LE(RECORD - 8)),
  };
}
