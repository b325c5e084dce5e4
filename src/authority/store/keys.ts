import type { Algorithm } from "../../abi/batch.js";
import type { KeyUse } from "../../format/trust/trust-list.js";
import type { Sql, Transaction } from "./database.js";

/** The public halves of its keys, as rows; the private ones are files. Each function is one statement; who calls it brings the transaction. */

export interface KeyRow {
  kid: Uint8Array;
  use: KeyUse | "root";
  algorithm: Algorithm;
  publicKey: Uint8Array;
  notBefore: Date;
  notAfter: Date;
}

export async function insertKey(sql: Transaction, key: KeyRow): Promise<void> {
  await sql`insert into keys (kid, use, algorithm, public_key, not_before, not_after)
    values (${key.kid}, ${key.use}, ${key.algorithm}, ${key.publicKey}, ${key.notBefore}, ${key.notAfter})`;
}

/** Newest first. */
export async function readKeys(sql: Sql): Promise<KeyRow[]> {
  return sql<KeyRow[]>`
    select kid, use, algorithm, public_key as "publicKey", not_before as "notBefore", not_after as "notAfter"
    from keys order by not_before desc, kid`;
}
