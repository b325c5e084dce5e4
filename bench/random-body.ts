import { randomFillSync } from "node:crypto";
import { FILTER_BLOCKS, FILTER_SIZE, REST_BLOCKS, REST_SEEDS, REST_SIZE } from "../src/abi/status-body.js";
import { type BodyParts, layOutBody } from "../src/format/status/layout.js";

const FILTER_BLOCKS_OF_SHARD = 66;
const EXACT_BLOCKS_OF_SHARD = 168;
const FLAGGED_COLUMNS = 6;

/**
 * A snapshot body of this size with the shape of a real one at one percent revoked, all of it about one expiry period.
 * Random bits stand for its filters, and its exact ribbons flag nobody: a look-up of a good credential cannot tell, and
 * a body of tens of millions of revocations would take minutes to build.
 */
export function randomBody(bytes: number, period: number, header: Omit<BodyParts, "periods">): Uint8Array {
  const filterBytes = FILTER_BLOCKS_OF_SHARD * FLAGGED_COLUMNS * 8;
  const nobody = new Uint8Array(EXACT_BLOCKS_OF_SHARD * 8);
  const count = Math.floor(bytes / (filterBytes + nobody.length + FILTER_SIZE + REST_SIZE));
  const shards = Array.from({ length: count }, () => {
    const filter = new DataView(new ArrayBuffer(FILTER_SIZE));
    filter.setUint16(FILTER_BLOCKS, FILTER_BLOCKS_OF_SHARD, true);
    const rest = new DataView(new ArrayBuffer(REST_SIZE));
    rest.setUint16(REST_BLOCKS, EXACT_BLOCKS_OF_SHARD, true);
    rest.setUint8(REST_SEEDS, 64);
    return {
      filter: { entry: new Uint8Array(filter.buffer), words: randomFillSync(new Uint8Array(filterBytes)) },
      rest: { entry: new Uint8Array(rest.buffer), words: nobody },
    };
  });
  return layOutBody({
    ...header,
    periods: [{ periods: [period], flaggedColumns: FLAGGED_COLUMNS, suspendedColumns: 0, shards }],
  });
}
