import { expect, it } from "vitest";
import { KEY_PUBLIC, KEY_SIZE, NAME_KID, NAME_SIZE } from "../../../src/abi/key-table.js";
import { MAX_KID_LENGTH } from "../../../src/abi/limits.js";

/** Files that compile in both languages import nothing, so what must agree is held together here. */
it("a record has room for its last field", () => {
  expect(NAME_SIZE).toBe(NAME_KID + MAX_KID_LENGTH);
  expect(KEY_SIZE).toBe(KEY_PUBLIC + 64);
});
