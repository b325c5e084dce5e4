import { beforeAll, describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot/builder.js";
import { Engine } from "../../../src/engine/engine.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { concat } from "../../../src/format/bytes.js";
import { periodOf } from "../../../src/format/status/layout.js";
import { encodeStatusList, packStatuses, type TokenStatusList } from "../../../src/format/status/token-status-list.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { generateKey } from "../../support/keys.js";
import { kidOf, makeCard, NOW, payload, trusted } from "../../support/make-card.js";
import { trustListOf } from "../../support/trust.js";
import { sourceOf } from "../../support/universe.js";

const root = generateKey(Algorithm.ED25519);
const key = generateKey(Algorithm.ED25519);
const other = generateKey(Algorithm.ED25519);
const statusKey = generateKey(Algorithm.ED25519);
const issuer = "pilot.example";
const at = new Date(NOW * 1000);
const EXPIRES = NOW + 1000;
const URI = "https://pilot.example/status/1";
const signer = { algorithm: key.algorithm, kid: kidOf(key), sign: (message: Uint8Array) => key.sign(message) };

const list: TokenStatusList = {
  uri: URI,
  issuedAt: NOW - 100,
  expires: NOW + 100,
  bits: 4,
  statuses: Uint8Array.from([...packStatuses([Status.GOOD, Status.REVOKED, Status.SUSPENDED, Status.GOOD], 4), 0x03]),
};

function card(index: number, by = key, uri = URI): string {
  const status = new Map([["status_list", new Map<string, unknown>([["idx", index], ["uri", uri]])]]); // prettier-ignore
  const cti = new Uint8Array(16).fill(index);
  return makeCard(by, { payload: payload([[4, EXPIRES], [6, NOW - 1000], [7, cti], [65535, status]]) }); // prettier-ignore
}

let trust: Uint8Array;
let file: Uint8Array;
beforeAll(async () => {
  const promisesStatus = true;
  const keys = [
    trusted(key, { issuer, promisesStatus }),
    trusted(other, { issuer: "other.example", promisesStatus: false }),
  ];
  trust = await trustListOf(root, [...keys, trusted(statusKey, { issuer, use: "status" })]);
  file = await encodeStatusList(list, signer);
});

async function judge(
  status: Uint8Array[],
  qr: string,
  options: { at?: Date; statusMaxAge?: number } = {},
): Promise<Verdict> {
  const { statusMaxAge } = options;
  const engine = await Engine.create({ trust, status, ...(statusMaxAge !== undefined && { statusMaxAge }) });
  return engine.verifyBatch([qr], { at: options.at ?? at })[0]!;
}

describe("status from a Token Status List", () => {
  it.each<[number, Partial<Verdict>]>([
    [0, { code: "VALID", status: "good", statusSource: "list" }],
    [1, { code: "REVOKED", status: "revoked", statusSource: "list" }],
    [2, { code: "SUSPENDED", status: "suspended", statusSource: "list" }],
    [3, { code: "VALID", status: "good", statusSource: "list" }],
    // The application's own meaning, and beyond the end.
    [4, { code: "STATUS_NOT_COVERED", outcome: "undetermined" }],
    [6, { code: "STATUS_NOT_COVERED", outcome: "undetermined" }],
    [4_000_000_000, { code: "STATUS_NOT_COVERED", outcome: "undetermined" }],
    [Number.MAX_SAFE_INTEGER, { code: "STATUS_NOT_COVERED", outcome: "undetermined" }],
  ])("of index %d", async (index, expected) => {
    expect(await judge([file], card(index))).toMatchObject(expected);
  });

  it("is stale once the list has expired, but what it revoked stays revoked", async () => {
    const later = { at: new Date((NOW + 101) * 1000) };
    expect(await judge([file], card(0), { at: new Date((NOW + 100) * 1000) })).toMatchObject({ code: "VALID" });
    expect(await judge([file], card(0), later)).toMatchObject({ code: "STATUS_STALE", outcome: "undetermined" });
    expect(await judge([file], card(1), later)).toMatchObject({ code: "REVOKED" });
    expect(await judge([file], card(0), { statusMaxAge: 99 })).toMatchObject({ code: "STATUS_STALE" });
    expect(await judge([file], card(0), { statusMaxAge: 100 })).toMatchObject({ code: "VALID" });
    const { expires, ...short } = { ...list, timeToLive: 50 };
    expect(expires).toBe(NOW + 100);
    const brief = await encodeStatusList(short, signer);
    expect(await judge([brief], card(0))).toMatchObject({ code: "STATUS_STALE" });
  });

  it("decides nothing about another address or another issuer's credentials", async () => {
    const unknown = { outcome: "undetermined", code: "STATUS_UNKNOWN", status: "unchecked" };
    expect(await judge([file], card(1, key, `${URI}0`))).toMatchObject(unknown);
    expect(await judge([file], card(1, key, URI.replace("1", "2")))).toMatchObject(unknown);
    // The key's issuer promises nothing; the card does, by naming a list.
    expect(await judge([file], card(1, other))).toMatchObject(unknown);
  });

  it("yields to the issuer's snapshot where that covers the credential", async () => {
    const persons = [{ cti: new Uint8Array(16).fill(1), period: periodOf(EXPIRES), status: Status.GOOD }];
    const { head, body } = await buildSnapshot(sourceOf(persons), {
      issuer,
      epoch: 3,
      universe: NOW - 10,
      expires: NOW + 500,
      signer: { algorithm: statusKey.algorithm, kid: kidOf(statusKey), sign: (message) => statusKey.sign(message) },
      threads: 0,
    });
    const snapshot = concat(head, body);
    expect(await judge([file, snapshot], card(1))).toMatchObject({ code: "VALID", statusSource: "snapshot", epoch: 3 });
    // An id of another length is in no universe of ours.
    const cti = new Uint8Array(8);
    const status = new Map([["status_list", new Map<string, unknown>([["idx", 1], ["uri", URI]])]]); // prettier-ignore
    const foreign = makeCard(key, { payload: payload([[4, EXPIRES], [6, NOW - 1000], [7, cti], [65535, status]]) }); // prettier-ignore
    expect(await judge([file, snapshot], foreign)).toMatchObject({ code: "REVOKED", statusSource: "list" });
  });

  it("comes from the newest of the lists with one address", async () => {
    const newer = await encodeStatusList({ ...list, issuedAt: NOW - 50, statuses: Uint8Array.of(1) }, signer);
    expect(await judge([file, newer], card(0))).toMatchObject({ code: "REVOKED" });
    await expect(judge([newer, file], card(0))).rejects.toMatchObject({ name: "StatusError", code: "OLD_EPOCH" });
  });
});
