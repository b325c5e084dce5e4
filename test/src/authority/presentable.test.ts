import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../src/authority/authority.js";
import { Engine } from "../../../src/engine/engine.js";
import { readCardText } from "../../../src/format/card-text.js";
import { memoryStore, Wallet } from "../../../src/wallet/wallet.js";
import { initAuthority, person, postgresRuns, temporaryFolder } from "../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = "Wang Fang";
const form = "presentable" as const;
const photo = Buffer.from("ffd8ffe000104a46494600010100000100010000ffd9", "hex").toString("base64");
const INPUT = { id: "11010519491231002X", name: "张秀英", address: "朝阳路 1 号", phone: "13800000000", email: "z@example.cn" }; // prettier-ignore
const CONTACTS = ["13800000000", "z@example.cn"];

describe.skipIf(!runs)(`cards that are presented${note}`, () => {
  const folder = temporaryFolder();
  let authority: Authority;
  let engine: Engine;
  let wallet: Wallet;
  let holderKey: Record<string, unknown>;
  beforeAll(async () => {
    authority = await initAuthority(folder.path);
    engine = await Engine.create({ trust: Buffer.concat((await authority.publishTrustList()).parts), status: "none" });
    wallet = await Wallet.open({ store: memoryStore() });
    holderKey = { ...(await wallet.makeKey()) };
  });
  afterAll(async () => {
    await authority.close();
    folder.remove();
  });

  const verdictOn = (text: string) => engine.verifyBatch([text], { audience: "hotel", claims: true })[0];

  it("are issued to who proves the key, kept by the wallet, and shown as little as asked", async () => {
    const proof = await wallet.enrolment({ root: authority.rootFingerprint, idNumber: INPUT.id });
    const card = await authority.enrol(person({ ...INPUT, holderKey, proof }), { actor, form });
    expect(engine.verifyBatch([card.qr])[0]?.code).toBe("PRESENTATION_REQUIRED");
    await wallet.keep(card.qr);
    const text = await wallet.present({ audience: "hotel", claims: [1, 4] });
    expect(text.length).toBeLessThanOrEqual(1_170);
    const verdict = verdictOn(text);
    expect(verdict?.code).toBe("VALID");
    expect(verdict?.claims).toEqual({ "1": INPUT.id, "3": "zho", "4": "张秀英", "75": 1 });
    const all = await wallet.present({ audience: "hotel", claims: [1, 4, 8, 9, 10, 13, 21] });
    expect(verdictOn(all)?.claims).toMatchObject({
      "8": "19491231",
      "9": 2,
      "10": "朝阳路 1 号",
      "13": "CN",
      "21": "110105",
    });
    for (const contact of CONTACTS) expect(Buffer.from(card.signed).includes(contact)).toBe(false);
  });

  it("stay of that form when an officer has met the holder", async () => {
    const card = await authority.approve(INPUT.id, { actor });
    await wallet.keep(card.qr);
    const verdict = verdictOn(await wallet.present({ audience: "hotel", claims: [] }));
    expect(verdict).toMatchObject({ code: "VALID", tier: "full" });
  });

  it("have eight hashes, however much there is of a person, in an order that tells nothing", async () => {
    const few = person({ id: "110105200001010016", name: "李雷", holderKey });
    const many = person({ ...INPUT, id: "110105198001010016", photo, holderKey });
    for (const input of [few, many]) {
      const card = await readCardText((await authority.enrol(input, { actor, form })).qr);
      expect(card?.hashes).toHaveLength(8);
      expect(card?.hashes).toEqual([...(card?.hashes ?? [])].sort());
      expect([...(card?.open.keys() ?? [])]).toEqual([3, 75]);
      expect(card?.disclosures).toHaveLength(input === few ? 6 : 8);
    }
  });

  it.each([
    ["no-holder-key", { ...INPUT, id: "110105198001010032" }],
    ["too-many-claims", { ...INPUT, id: "110105198001010032", photo, secondName: "Zhang Xiuying", holderKey: true }],
    ["bad-proof", { ...INPUT, id: "110105198001010032", proof: "AAAA", holderKey: true }],
    ["bad-proof", { ...INPUT, id: "110105198001010032", proof: "AAAA" }],
  ])(
    "are refused as %s",
    async (is, { holderKey: wanted, ...input }: Record<string, unknown> & { holderKey?: boolean }) => {
      const one = person({ ...(input as typeof INPUT), ...(wanted === true && { holderKey }) });
      expect(await authority.enrolMany([one], { actor, form })).toEqual([{ person: one, refused: is }]);
      await expect(authority.enrol(one, { actor, form })).rejects.toMatchObject({
        fault: { code: "INVALID_PERSON", is },
      });
    },
  );

  it("take a proof for this authority, this number and this key alone, that is not too old", async () => {
    const root = authority.rootFingerprint;
    const id = "110105198001010059";
    const phone = async (options: { clock?: () => number } = {}) => {
      const other = await Wallet.open({ store: memoryStore(), ...options });
      return { other, key: { ...(await other.makeKey()) } };
    };
    const old = await phone({ clock: () => Date.now() - 25 * 3_600_000 });
    const early = await phone({ clock: () => Date.now() + 2 * 3_600_000 });
    const cases: [Record<string, unknown>, string][] = [
      [holderKey, await wallet.enrolment({ root: "00", idNumber: id })],
      [holderKey, await wallet.enrolment({ root, idNumber: INPUT.id })],
      [old.key, await wallet.enrolment({ root, idNumber: id })],
      [old.key, await old.other.enrolment({ root, idNumber: id })],
      [early.key, await early.other.enrolment({ root, idNumber: id })],
    ];
    for (const [key, proof] of cases) {
      const [result] = await authority.enrolMany([person({ ...INPUT, id, holderKey: key, proof })], { actor });
      expect(result).toMatchObject({ refused: "bad-proof" });
    }
  });
});
