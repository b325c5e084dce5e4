import { describe, expect, it } from "vitest";
import { Tier } from "../../../src/abi/batch.js";
import { AuthorityError, type AuthorityFault } from "../../../src/authority/errors.js";
import { told } from "../../../src/cli/authority-sentences.js";
import { UsageError } from "../../../src/cli/errors.js";

const holder = { application: "", session: 417, seconds: 31 };

/** What happened, and what of it the two clauses must name. */
const FAULTS: readonly (readonly [AuthorityFault, message: RegExp, remedy: RegExp])[] = [
  [{ code: "NOT_INITIALISED", data: "there" }, /no authority in there/, /hufu init/],
  [{ code: "ALREADY_INITIALISED", data: "there" }, /there has an authority/, /--data/],
  [{ code: "STORE_BUSY", seconds: 30, holder }, /after 30 s .* an unnamed program \(PostgreSQL session 417/, /terminate_backend\(417\)/], // prettier-ignore
  [{ code: "STORE_BUSY", seconds: 30 }, /somebody/, /try again/],
  [{ code: "STORE_UNAVAILABLE", is: "unreachable", why: "refused" }, /refused/, /HUFU_DATABASE_URL/],
  [{ code: "STORE_UNAVAILABLE", is: "unreachable", why: "gone", log: "a.log" }, /gone/, /see a\.log/],
  [{ code: "STORE_UNAVAILABLE", is: "not-started", folder: "f", log: "a.log", why: "status 1" }, /f .*status 1/, /a\.log/], // prettier-ignore
  [{ code: "STORE_UNAVAILABLE", is: "not-installed", package: "p" }, /p is not installed/, /npm ci/],
  [{ code: "KEY_UNAVAILABLE", is: "readable-by-others", file: "k" }, /others may read .* k/, /chmod 600 k/],
  [{ code: "KEY_UNAVAILABLE", is: "unknown", use: "root" }, /no root key/, /backup/],
  [{ code: "WRONG_STATE", is: "not-in", action: "reinstate", from: ["suspended"], state: "good" }, /is good/, /suspended can be reinstated/], // prettier-ignore
  [{ code: "WRONG_STATE", is: "not-in", action: "revoke", from: ["good", "suspended"], state: "revoked", reason: "superseded" }, /replaced by another/, /good or suspended/], // prettier-ignore
  [{ code: "WRONG_STATE", is: "not-lite", tier: Tier.FULL, state: "good" }, /full already/, /nothing left/],
  [{ code: "WRONG_STATE", is: "not-lite", tier: Tier.LITE, state: "suspended" }, /is suspended/, /only good lite/],
  [{ code: "WRONG_STATE", is: "changed-meanwhile", state: "suspended" }, /suspended .* void/, /hufu cards/],
  [{ code: "WOULD_GO_BACK", file: "s", epoch: 9, next: 8 }, /s has epoch 9, .* now has 8/, /clock/],
  [{ code: "INVALID_PERSON", is: "kept", idNumber: "1", faults: [] }, /1 cannot be signed: the number/, /persons/],
];

describe("what the authority would not do", () => {
  it.each(FAULTS)("is said in two clauses: %j", (fault, message, remedy) => {
    const said = told(new AuthorityError(fault));
    expect(said).toBeInstanceOf(UsageError);
    expect((said as UsageError).message).toMatch(message);
    expect((said as UsageError).remedy).toMatch(remedy);
  });

  it("is never in the error's own message, which may come into a log", () => {
    expect(String(new AuthorityError({ code: "NOT_FOUND", reference: "11010519491231002X" }))).toBe(
      "AuthorityError: NOT_FOUND",
    );
  });

  it("leaves other errors alone", () => {
    const error = new Error("another");
    expect(told(error)).toBe(error);
  });
});
