import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { buildSnapshot, type BuiltSnapshot } from "../../../../src/authority/snapshot/builder.js";
import { Algorithm, Status } from "../../../../src/abi/batch.js";
import { concat } from "../../../../src/format/bytes.js";
import { encodeSnapshotHead, openSnapshot } from "../../../../src/format/status/snapshot.js";
import {
  BODY_EPOCH,
  BODY_HEADER_SIZE,
  BODY_PERIODS,
  BODY_SHARDS,
  PERIOD_SHARDS,
} from "../../../../src/abi/status-body.js";
import type { StatusErrorCode } from "../../../../src/format/status/error.js";
import { people, sourceOf, statusSigner } from "../../../support/universe.js";

const issuer = "Ministry of Public Security";
const { signer, trust } = statusSigner(issuer);
const claims = { issuer, epoch: 7, universe: 1_790_000_000, expires: 1_790_086_400 };
const universe = people(500, (i) => (i % 20 === 0 ? Status.REVOKED : i % 30 === 1 ? Status.SUSPENDED : Status.GOOD));

let built: BuiltSnapshot;
let file: Uint8Array;
beforeAll(async () => {
  built = await buildSnapshot(sourceOf(universe), { ...claims, signer, threads: 0 });
  file = concat(built.head, built.body);
});

async function refusal(bytes: Uint8Array, by = trust, epochInForce = 0): Promise<StatusErrorCode | "accepted"> {
  return openSnapshot(bytes, by, epochInForce).then(
    () => "accepted",
    (error: unknown) => {
      expect(error).toMatchObject({ name: "StatusError" });
      return (error as { code: StatusErrorCode }).code;
    },
  );
}

/** The file with a changed body, signed by the right key. */
async function resigned(change: (body: DataView) => void, header = built.header): Promise<Uint8Array> {
  const body = built.body.slice();
  change(new DataView(body.buffer));
  const hash = createHash("sha256").update(body).digest();
  return concat(await encodeSnapshotHead(header, body.length, hash, signer), body);
}

describe("snapshot file", () => {
  it("opens whole, and the body is a view of the file that starts on a cache line", async () => {
    const { header, body } = await openSnapshot(file, trust);
    expect(header).toEqual({ ...claims, salt: built.header.salt, good: 458, revoked: 25, suspended: 17 });
    expect(body.buffer).toBe(file.buffer);
    expect(body.byteOffset % 64).toBe(0);
    expect(body).toEqual(built.body);
  });

  it("is refused with any bit flipped", async () => {
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      damaged[at]! ^= 1 << (at % 8);
      expect(await refusal(damaged), `bit ${at % 8} of byte ${at}`).not.toBe("accepted");
    }
  });

  it("is refused at any other length", async () => {
    for (let length = 0; length < file.length; length++) {
      expect(await refusal(file.subarray(0, length)), `${length} bytes`).not.toBe("accepted");
    }
    expect(await refusal(concat(file, Uint8Array.of(0)))).toBe("WRONG_LENGTH");
    expect(await refusal(file.subarray(0, file.length - 1))).toBe("WRONG_LENGTH");
  });

  it("names a damaged body, a damaged envelope and a foreign file", async () => {
    const body = file.slice();
    body[file.length - 200]! ^= 1;
    expect(await refusal(body)).toBe("BAD_BODY");
    expect(await refusal(new TextEncoder().encode("-----BEGIN PUBLIC KEY-----"))).toBe("UNKNOWN_FORMAT");
    const signature = file.slice();
    signature[built.head.indexOf(0x58, 200) + 2]! ^= 1;
    expect(["BAD_SIGNATURE", "BAD_HEADER"]).toContain(await refusal(signature));
  });

  it("is refused where its epoch is not newer than the one in force", async () => {
    expect(await refusal(file, trust, 6)).toBe("accepted");
    expect(await refusal(file, trust, 7)).toBe("OLD_EPOCH");
    expect(await refusal(file, trust, 8)).toBe("OLD_EPOCH");
  });

  it("is refused by trust that has no such key", async () => {
    const [key] = trust.keys;
    const other = statusSigner(issuer).trust.keys[0]!;
    const trusting = (change: object): typeof trust => ({ ...trust, keys: [{ ...key!, ...change }] });
    expect(await refusal(file, { ...trust, keys: [] })).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ use: "credential" }))).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ issuer: "Someone else" }))).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ algorithm: Algorithm.P256 }))).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ notBefore: claims.universe + 1 }))).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ notAfter: claims.universe - 1 }))).toBe("UNKNOWN_KEY");
    expect(await refusal(file, { ...trust, keys: [other] })).toBe("UNKNOWN_KEY");
    expect(await refusal(file, trusting({ publicKey: other.publicKey }))).toBe("BAD_SIGNATURE");
    expect(await refusal(file, trusting({ kids: [], notBefore: claims.universe, notAfter: claims.universe }))).toBe(
      "accepted",
    );
  });

  it("is refused where what was signed would make the engine read outside the body", async () => {
    const directory = BODY_HEADER_SIZE + (new DataView(built.body.buffer).getUint32(BODY_PERIODS, true) + 1) * 16;
    const changes: ((body: DataView) => void)[] = [
      (body) => {
        body.setUint32(BODY_PERIODS, 0xffffffff, true);
      },
      (body) => {
        body.setUint32(BODY_PERIODS, 4095, true);
      },
      (body) => {
        body.setUint32(BODY_SHARDS, 0xffffffff, true);
      },
      (body) => {
        body.setUint32(BODY_HEADER_SIZE + PERIOD_SHARDS, 100, true);
      },
      (body) => {
        body.setUint32(BODY_HEADER_SIZE, 0xffffffff, true);
      },
      (body) => {
        body.setUint8(BODY_HEADER_SIZE + 8, 17);
      },
      (body) => {
        body.setUint8(BODY_HEADER_SIZE - 1, 1);
      },
      (body) => {
        body.setUint32(directory, 0, true);
      },
      (body) => {
        body.setUint32(directory, 0xffffffff, true);
      },
      (body) => {
        body.setUint16(directory + 4, 0xffff, true);
      },
      (body) => {
        body.setUint32(BODY_EPOCH, 8, true);
      },
      (body) => {
        body.setUint8(0, body.getUint8(0) ^ 1);
      },
    ];
    for (const [i, change] of changes.entries()) {
      expect(await refusal(await resigned(change)), `change ${i}`).toBe("BAD_LAYOUT");
    }
    expect(await refusal(await resigned(() => undefined))).toBe("accepted");
    expect(await refusal(await resigned(() => undefined, { ...built.header, epoch: 8 }))).toBe("BAD_LAYOUT");
  });
});
