import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { buildSnapshot } from "../src/authority/snapshot/builder.js";
import { Algorithm } from "../src/abi/batch.js";
import { drawGrowth, type Growth } from "./status-picture.js";
import { generate } from "./universe.js";

/**
 * How the size of a snapshot and the time to build it grow with the nation, 1 % revoked.
 *
 *     node dist/bench/status-growth.js 1e4 1e5 1.4e9
 *
 * builds and checks snapshots for so many credentials each, records them in bench/status-growth.json beside those
 * recorded before, and draws bench/status-growth.svg.
 */

/** Nobody verifies these: the signature is left blank. */
export const claims = {
  issuer: "bench",
  epoch: 1,
  universe: 1_790_000_000,
  expires: 1_790_086_400,
  signer: { algorithm: Algorithm.ED25519, kid: new Uint8Array(8), sign: () => new Uint8Array(64) },
};

/** Ten years of expiries, both cores. */
export async function buildGenerated(credentials: number, told?: (text: string) => void): Promise<Growth> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let phase = "";
  const { header, body } = await buildSnapshot(
    generate({ count: credentials, revokedOneIn: 100, suspendedOneIn: 0, months: 120 }),
    {
      ...claims,
      progress: (now) => {
        if (now.phase === phase) return;
        phase = now.phase;
        told?.(`${((performance.now() - start) / 1000).toFixed(1)} s: ${phase}`);
      },
    },
  );
  const { user, system } = process.cpuUsage(cpu);
  return {
    credentials,
    revoked: header.revoked,
    bytes: body.length,
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

export function bitsPerFlagged({ bytes, revoked }: Growth): number {
  return (bytes * 8) / revoked;
}

/** The least that an exact answer can take: the entropy of who is revoked, in bits for each. */
export function limitPerFlagged({ credentials, revoked }: Growth): number {
  const share = revoked / credentials;
  return (-share * Math.log2(share) - (1 - share) * Math.log2(1 - share)) / share;
}

export function humanBytes(bytes: number): string {
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1).replace(/\.0$/, "")} MiB`;
  return `${(bytes / 2 ** 10).toFixed(1).replace(/\.0$/, "")} KiB`;
}

async function main(counts: number[]): Promise<void> {
  const folder = new URL("../../bench/", import.meta.url);
  const file = new URL("status-growth.json", folder);
  const recorded = JSON.parse(await readFile(file, "utf8").catch(() => "[]")) as Growth[];
  for (const count of counts) {
    const growth = await buildGenerated(count, (text) => {
      process.stderr.write(`${count.toLocaleString("en")}: ${text}\n`);
    });
    const others = recorded.filter(({ credentials }) => credentials !== count);
    recorded.splice(0, recorded.length, ...others, growth);
    recorded.sort((a, b) => a.credentials - b.credentials);
    await writeFile(file, `${JSON.stringify(recorded, null, 2)}\n`);
  }
  await writeFile(new URL("status-growth.svg", folder), drawGrowth(recorded));
  process.stdout.write(table(recorded));
}

function table(rows: readonly Growth[]): string {
  const lines = rows.map((growth) => {
    const { credentials, revoked, bytes, seconds, cpuSeconds, peakMebibytes } = growth;
    const bits = bitsPerFlagged(growth);
    return [
      credentials.toLocaleString("en"),
      revoked.toLocaleString("en"),
      humanBytes(bytes),
      bits.toFixed(2),
      (bits / limitPerFlagged(growth)).toFixed(2),
      seconds.toFixed(1),
      cpuSeconds.toFixed(1),
      peakMebibytes.toLocaleString("en"),
    ];
  });
  const head = ["credentials", "revoked", "size", "bits each", "of the limit", "seconds", "CPU seconds", "peak MiB"];
  const rule = head.map(() => "--:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) await main(argv.slice(2).map(Number));
