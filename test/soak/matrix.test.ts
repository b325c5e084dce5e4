import { expect, it } from "vitest";
import { CONDITIONS } from "./conditions.js";
import { runMatrix } from "./matrix.js";
import { isLong, tell } from "./result.js";

/** One of each kind: what is told of all is asked in a minute. */
const SHORT = [
  "trust alone",
  "feed without a snapshot",
  "snapshot is damaged in its body",
  "HTTP feed: 500 for everything",
];

/** Nothing fails open: over whatever is broken no card is VALID, and the server is not ready. */
it("the matrix of broken starts", { timeout: 3_600_000 }, async () => {
  if (!isLong("matrix")) {
    const { cells, wrong } = await runMatrix(CONDITIONS.filter(({ name }) => SHORT.includes(name)));
    expect(cells).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
    return;
  }
  // HUFU_MATRIX: of these only.
  const result = await runMatrix(CONDITIONS.filter(({ name }) => name.includes(process.env["HUFU_MATRIX"] ?? "")));
  tell("matrix", result);
  expect(result.wrong).toEqual([]);
});
