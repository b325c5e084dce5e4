import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTime } from "../../../src/format/time.js";

describe("a time as RFC 3339 writes it", () => {
  it("is read back as it was", () => {
    const dates = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseTime(date.toISOString())).toEqual(date);
      }),
    );
  });

  it.each([
    ["2026-10-01T08:00:00+08:00", "2026-10-01T00:00:00Z"],
    ["2026-10-01t00:00:00z", "2026-10-01T00:00:00Z"],
    ["2026-10-01 00:00:00-00:30", "2026-10-01T00:30:00Z"],
    ["2026-10-01T23:59:59.25Z", "2026-10-01T23:59:59.250Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"],
  ])("%s", (text, same) => {
    expect(parseTime(text)).toEqual(new Date(same));
  });

  it.each([
    "",
    "2026-10-01",
    "2026-10-01T08:00:00",
    "2026-10-01T08:00Z",
    "2026-10-01T24:00:00Z",
    "2026-10-01T08:60:00Z",
    "2026-13-01T08:00:00Z",
    "2026-00-01T08:00:00Z",
    "2026-02-29T08:00:00Z",
    "2026-04-31T08:00:00Z",
    "2026-10-01T08:00:00+0800",
    "2026-10-01T08:00:00+25:00",
    "+002026-10-01T08:00:00Z",
    " 2026-10-01T08:00:00Z",
    "2026-10-01T08:00:00Z ",
    "1790812800",
  ])("%j is none", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
