import { describe, expect, it } from "vitest";
import { explainVerdict } from "../../../src/cli/explain/layers.js";
import { Engine } from "../../../src/engine/engine.js";
import { StatusError, type StatusErrorCode } from "../../../src/format/status/error.js";
import { caseNames, casesNote, casesPresent, readCase } from "../../support/cases.js";

/** Soon after the cases were made. */
const at = new Date("2026-11-25T23:30:00Z");

const GOOD = ["VALID", "REVOKED", "VALID", "VALID"] as const;
const STALE = ["STATUS_STALE", "REVOKED", "STATUS_STALE", "STATUS_STALE"] as const;
/** Two whose index is beyond the end of the list, and two that name another list. */
const OUTSIDE = [...Array<string>(2).fill("STATUS_NOT_COVERED"), ...Array<string>(2).fill("STATUS_UNKNOWN")];

/** What each list makes of the eight cards. */
const JUDGED: Readonly<Record<string, readonly string[]>> = {
  "bits-2.cwt": ["SUSPENDED", "VALID", "VALID", "STATUS_NOT_COVERED"],
  "empty-lst.cwt": Array<string>(4).fill("STATUS_NOT_COVERED"),
  "expired.cwt": STALE,
  "good.cwt": GOOD,
  "iat-float.cwt": GOOD,
  "level1-lst.cwt": GOOD,
  "no-exp-no-ttl.cwt": GOOD,
  "ttl-short-iat-old.cwt": STALE,
  "typ-missing.cwt": GOOD,
};
const REFUSED: Readonly<Record<string, readonly [code: StatusErrorCode, why: RegExp]>> = {
  "bits-3.cwt": ["BAD_HEADER", /3 bits/],
  "captive.html": ["WEB_PAGE", /web page \(HTML\)/],
  "claim-65535.cwt": ["BAD_HEADER", /claim 65533, but has one in 65535/],
  "empty.cwt": ["UNKNOWN_FORMAT", /empty/],
  "good.b64url.txt": ["FOREIGN_FORMAT", /base64/],
  "good.hex": ["FOREIGN_FORMAT", /hexadecimal/],
  "good.jwt": ["FOREIGN_FORMAT", /JWT/],
  "gzip-lst.cwt": ["BAD_BODY", /gzip, not zlib/],
  "lst-text-base64url.cwt": ["BAD_HEADER", /lst is a text/],
  "no-iat.cwt": ["BAD_HEADER", /iat, claim 6/],
  "raw-deflate-lst.cwt": ["BAD_BODY", /without the frame of zlib/],
  "sub-missing.cwt": ["BAD_HEADER", /sub, claim 2/],
  "tag61.cwt": ["FOREIGN_FORMAT", /tag 61/],
  "trailing-lst.cwt": ["BAD_BODY", /follows/],
  "typ-short.cwt": ["UNKNOWN_FORMAT", /"statuslist\+cwt".* application\/statuslist\+cwt/],
  "uncompressed-lst.cwt": ["BAD_BODY", /not compressed/],
  "untagged.cwt": ["FOREIGN_FORMAT", /not tagged/],
};
/** Signed a day ahead of the clock: whether that comes into force is the clock's matter, not the reader's. */
const BY_THE_CLOCK = ["iat-future.cwt"];
const CARDS: Readonly<Record<string, readonly [code: string, cause: RegExp]>> = {
  "card-idx-big.txt": ["STATUS_NOT_COVERED", /status list says nothing of the card: .* index 4294967297/],
  "card-idx-bigint.txt": ["STATUS_NOT_COVERED", /status list says nothing of the card: .* index \d{10,}/],
  "card-idx-float.txt": ["BAD_CWT", /idx is an unsigned integer/],
  "card-idx-missing.txt": ["BAD_CWT", /status_list has idx and uri/],
  "card-idx-negative.txt": ["BAD_CWT", /idx is an unsigned integer/],
  "card-idx-text.txt": ["BAD_CWT", /idx is an unsigned integer/],
};

describe.skipIf(!casesPresent)("cases of status lists" + casesNote, () => {
  const trust = casesPresent ? readCase("status/issuer.jwks") : new Uint8Array();
  const open = (name: string): Promise<Engine> => Engine.create({ trust, status: readCase(`status/${name}`) });

  it("are all known", () => {
    const known = [...[JUDGED, REFUSED, CARDS].flatMap((cases) => Object.keys(cases)), ...BY_THE_CLOCK];
    expect([...known, "cards.txt", "issuer.jwks"].sort()).toEqual(caseNames("status"));
  });

  it.each(Object.entries(JUDGED))("%s judges, and the explanation speaks of the list", async (name, codes) => {
    const engine = await open(name);
    const texts = new TextDecoder().decode(readCase("status/cards.txt")).trim().split("\n");
    const verdicts = engine.verifyBatch(texts, { at });
    expect(verdicts.map(({ code }) => code)).toEqual([...codes, ...OUTSIDE]);
    verdicts.forEach((verdict, index) => {
      const fault = explainVerdict(texts[index]!, verdict, { at, byClock: true }).find(({ code }) => code !== undefined); // prettier-ignore
      expect(fault?.code ?? "VALID").toBe(verdict.code);
      if (fault === undefined) return;
      expect(fault.cause).toMatch(/status list .*https:\/\/[^ ]+, index \d+$/);
      expect(`${fault.cause} ${fault.rule}`).not.toMatch(/snapshot/);
    });
  });

  it.each(Object.entries(REFUSED))(
    "%s is refused, and the form or claim at fault is named",
    async (name, [code, why]) => {
      const error: unknown = await open(name).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StatusError);
      expect((error as StatusError).code).toBe(code);
      expect((error as StatusError).message).toMatch(why);
    },
  );

  it.each(Object.entries(CARDS))("%s is never good", async (name, [code, cause]) => {
    const text = readCase(`status/${name}`);
    const verdict = (await open("good.cwt")).verifyBatch([text], { at })[0]!;
    expect(verdict.code).toBe(code);
    const fault = explainVerdict(text, verdict, { at, byClock: true }).find((layer) => layer.code !== undefined);
    expect(fault!.cause).toMatch(cause);
  });
});
