import { Status } from "../../src/abi/batch.js";

/**
 * Look-up in a snapshot's body, written a second time from the description of the format: slow, with big integers and
 * bits taken one by one, and nothing shared with the engine but the names of statuses.
 */
export function lookUpByReference(body: Uint8Array, cti: Uint8Array, period: number): Status {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u16 = (at: number): number => view.getUint16(at, true);

  const id = new DataView(cti.buffer, cti.byteOffset, cti.byteLength);
  const half = mix(id.getBigUint64(0, true) ^ u64(0));
  const hash = mix(wrap(half + id.getBigUint64(8, true)) ^ u64(8));

  const firstPeriod = u32(36);
  const periods = u32(40);
  const shards = u32(44);
  const isDated = period >= firstPeriod && period < firstPeriod + periods;
  if (!isDated && period !== 4095) return Status.NOT_COVERED;
  const entry = 64 + 16 * (isDated ? period - firstPeriod : periods);
  const inPeriod = u32(entry + 4);
  if (inPeriod === 0) return Status.NOT_COVERED;
  const shard = u32(entry) + Number(((hash >> 32n) * BigInt(inPeriod)) >> 32n);
  const filter = 64 + 16 * (periods + 1) + 8 * shard;
  const rest = 64 + 16 * (periods + 1) + 8 * shards + 16 * shard;

  /** The value that a ribbon gives to the hash, a bit for each column. */
  const valueOf = (at: number, blocks: number, seed: number, columns: number): bigint => {
    const x = wrap((hash ^ (BigInt(seed) << 32n)) * 0x9fb21c651e98df25n);
    const shuffled = x ^ (x >> 32n);
    const start = Number(((shuffled >> 32n) * BigInt(64 * blocks - 63)) >> 32n);
    const y = wrap(shuffled * 0xd6e8feb86659fd93n);
    const coefficients = (y ^ (y >> 32n)) | 1n;
    let value = 0n;
    for (let i = 0; i < 64; i++) {
      if (((coefficients >> BigInt(i)) & 1n) === 0n) continue;
      const row = start + i;
      for (let column = 0; column < columns; column++) {
        const word = u64(at + 8 * ((row >> 6) * columns + column));
        value ^= ((word >> BigInt(row & 63)) & 1n) << BigInt(column);
      }
    }
    return value;
  };
  const says = (at: number, blocks: number, seed: number, columns: number, wanted: bigint): boolean =>
    blocks === 0 ? seed !== 0 : valueOf(at, blocks, seed, columns) === wanted % (1n << BigInt(columns));

  const columns = body[entry + 8] ?? 0;
  const suspendedColumns = body[entry + 9] ?? 0;
  if (!says(8 * u32(filter), u16(filter + 4), body[filter + 6] ?? 0, columns, hash)) return Status.GOOD;
  let at = 8 * u32(rest);
  if (!says(at, u16(rest + 4), body[rest + 10] ?? 0, 1, 1n)) return Status.GOOD;
  at += 8 * u16(rest + 4);
  if (!says(at, u16(rest + 6), body[rest + 11] ?? 0, suspendedColumns, hash)) return Status.REVOKED;
  at += 8 * u16(rest + 6) * suspendedColumns;
  return says(at, u16(rest + 8), body[rest + 12] ?? 0, 1, 1n) ? Status.SUSPENDED : Status.REVOKED;
}

function wrap(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}

/** The finaliser of splitmix64. */
function mix(x: bigint): bigint {
  x = wrap((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = wrap((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}
