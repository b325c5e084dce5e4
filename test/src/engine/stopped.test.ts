import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, makeCard, NOW } from "../../support/make-card.js";

const script = fileURLToPath(new URL("../../support/stopped-verifier.mjs", import.meta.url));

describe.skipIf(process.platform === "win32")(
  "a process that is stopped (there are no such signals on Windows)",
  () => {
    it("for longer than any deadline, and continued, loses no worker and answers no text INTERNAL", async () => {
      const key = generateKey(Algorithm.ED25519);
      const child = fork(script, [jwksOf([key]), makeCard(key), String(NOW)]);
      await once(child, "message");
      for (let stop = 0; stop < 3; stop++) {
        await after(200);
        child.kill("SIGSTOP");
        await after(1_500);
        child.kill("SIGCONT");
      }
      await after(200);
      child.send("end");
      const [told] = (await once(child, "message")) as [{ counts: Record<string, number>; replaced: number }];
      expect(Object.keys(told.counts)).toEqual(["VALID"]);
      expect(told.replaced).toBe(0);
      await once(child, "exit");
    });
  },
);
