import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { constants, setPriority } from "node:os";
import { publishFile } from "../src/authority/publish-file.js";
import { Algorithm } from "../src/abi/batch.js";
import { encodeSnapshotHead, hashKey, SALT_SIZE } from "../src/format/status/snapshot.js";
import { periodOf } from "../src/format/status/layout.js";
import { CARDS_EXPIRE } from "./cards.js";
import { randomBody } from "./random-body.js";

/**
 * Publishes snapshots that revoke nobody, in a process of its own: whoever times verdicts must not stand still while 24
 * MiB are made up and written. Authorities have machines of their own, so here it takes only the time that nobody else
 * wants. Sends its public key when it is ready, and then answers each order when it is done.
 */
export interface PublisherOrders {
  /** Make the next snapshot of so many bytes; or write the one made to this path. */
  make?: { issuer: string; bytes: number; universe: number; expires: number };
  publish?: string;
}

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signer = {
  algorithm: Algorithm.ED25519,
  kid: new Uint8Array(8),
  sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
};
setPriority(constants.priority.PRIORITY_LOW);
let epoch = 0;
let parts: Uint8Array[] = [];

async function make({ issuer, bytes, universe, expires }: NonNullable<PublisherOrders["make"]>): Promise<void> {
  const claims = { issuer, epoch: ++epoch, universe, expires };
  const salt = new Uint8Array(randomBytes(SALT_SIZE));
  const body = randomBody(bytes, periodOf(CARDS_EXPIRE), { ...claims, key: await hashKey(issuer, salt) });
  const hash = new Uint8Array(createHash("sha256").update(body).digest());
  const header = { ...claims, salt, good: 0, revoked: 0, suspended: 0 };
  parts = [await encodeSnapshotHead(header, body.length, hash, signer), body];
}

process.on("message", ({ make: order, publish }: PublisherOrders) => {
  const done = order ? make(order) : publishFile(publish ?? "", parts);
  done.then(
    () => process.send?.("done"),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.(publicKey.export({ type: "spki", format: "der" }).toString("hex"));
