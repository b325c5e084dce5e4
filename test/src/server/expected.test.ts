import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GUESS_WINDOW, Guesses } from "../../../src/server/guesses.js";
import { HufuClient } from "../../../src/client/client.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { identity, makeCard, payload } from "../../support/make-card.js";
import { at, issuerKey, startStation, type Station } from "../../support/server.js";

const NAME = "欧阳样例";
let serial = 0;
/** Another credential of the same person each time. */
const makeOne = () => makeCard(issuerKey, { payload: payload([[7, Buffer.from(`card ${serial++}`)], [169, identity([[4, NAME]])]]) }); // prettier-ignore

describe("a customer's name at the server's doors", () => {
  let station: Station;
  const tokens = [
    { name: "bank", token: "bank-bank-bank", match: true },
    { name: "other", token: "other-other-other", match: true },
    { name: "gate", token: "gate-gate-gate" },
  ];
  beforeAll(async () => {
    station = await startStation({ tokens }, { clock: () => at.getTime() });
  });
  afterAll(() => station.stop());

  async function post(body: unknown, token = "bank-bank-bank") {
    const response = await fetch(`http://127.0.0.1:${station.port}/v1/verify`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      body: (await response.json()) as Verdict & { verdicts: Verdict[]; code: string },
    };
  }

  it("is compared for who was granted it, of each text by its own or by what is beside all", async () => {
    const qr = makeOne();
    expect((await post({ qr, expect: { name: NAME } })).body).toMatchObject({ code: "VALID", matches: { name: "match" } }); // prettier-ignore
    const items = [qr, { qr, expect: { name: "欧阳" } }, { qr, expect: { name: "歐陽样例" } }];
    const { body } = await post({ items, expect: { name: NAME } });
    expect(body.verdicts.map(({ code }) => code)).toEqual(["VALID", "IDENTITY_MISMATCH", "NAME_REVIEW"]);
    expect(await post({ qr, expect: { name: NAME } }, "gate-gate-gate")).toMatchObject({ status: 403 });
    expect(await post({ qr, expect: { nam: NAME } })).toMatchObject({ status: 400, body: { code: "BAD_REQUEST" } });
  });

  it("is compared over the stream", async () => {
    const client = new HufuClient(station.url, { token: "bank-bank-bank" });
    const qr = makeOne();
    expect(await client.verify(qr, { expect: { name: NAME } })).toMatchObject({ code: "VALID", matches: { name: "match" } }); // prettier-ignore
    expect(await client.verify(qr, { expect: { name: "张三" } })).toMatchObject({ code: "IDENTITY_MISMATCH" });
    client.close();
    const gate = new HufuClient(station.url, { token: "gate-gate-gate" });
    await expect(gate.verify(qr, { expect: { name: NAME } })).rejects.toThrow(/name and number/);
    gate.close();
  });

  it("is not to be found by asking: after five that it is not, no answer about this card to this party", async () => {
    const qr = makeOne();
    const ask = async (name: string, token?: string) => {
      const { body } = await post({ items: [{ qr, expect: { name } }, "BB8"] }, token);
      return body.verdicts[0]!;
    };
    for (let i = 0; i < 5; i++) expect(await ask(`张${i}`)).toMatchObject({ code: "IDENTITY_MISMATCH" });
    expect(await ask("李四")).toEqual({ outcome: "undetermined", code: "BUSY" });
    expect(await ask(NAME)).toEqual({ outcome: "undetermined", code: "BUSY" });
    // The same credential in another text is no other.
    expect((await post({ qr: `${qr} `, expect: { name: NAME } })).status).toBe(503);
    expect(await ask(NAME, "other-other-other")).toMatchObject({ code: "VALID" });
    const { body } = await post({ items: [{ qr: makeOne(), expect: { name: NAME } }, qr] });
    expect(body.verdicts.map(({ code }) => code)).toEqual(["VALID", "VALID"]);
  });

  it("nor by one frame that asks many times", async () => {
    const qr = makeOne();
    const { body } = await post({ items: Array.from({ length: 9 }, (_, i) => ({ qr, expect: { id: `${i}` } })) });
    expect(body.verdicts.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 5 }, () => "IDENTITY_MISMATCH"),
      ...Array.from({ length: 4 }, () => "BUSY"),
    ]);
  });
});

describe("guesses", () => {
  const mismatch: Verdict = { outcome: "refused", code: "IDENTITY_MISMATCH" };
  const valid: Verdict = { outcome: "accepted", code: "VALID" };
  const credential = new Uint8Array([1, 2]);

  it("are forgotten one by one, ten minutes after each", () => {
    let now = 0;
    const guesses = new Guesses(() => now);
    for (let i = 0; i < 5; i++, now += 1_000) expect(guesses.judge(mismatch, credential, "bank")).toBe(mismatch);
    expect(guesses.judge(valid, credential, "bank").code).toBe("BUSY");
    now = GUESS_WINDOW;
    expect(guesses.judge(mismatch, credential, "bank")).toBe(mismatch);
    expect(guesses.judge(mismatch, credential, "bank").code).toBe("BUSY");
    now = 2 * GUESS_WINDOW + 1;
    expect(guesses.judge(valid, credential, "bank")).toBe(valid);
    expect(guesses.count).toBe(0);
  });
});
