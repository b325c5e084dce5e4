import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import type * as wallet from "../../../src/wallet/wallet.js";
import { chromiumPath, openBrowser } from "../../support/browser.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, NOW } from "../../support/make-card.js";
import { cardFor } from "../../support/wallet.js";

/** What the pages of `evaluate` see. */
declare const hufu: typeof wallet;

/** hufu/wallet as a page that takes all of it gets it. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL("../../../dist/src/wallet/wallet.js", import.meta.url));
  const made = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: true, lib: { entry, formats: ["iife"], name: "hufu" } },
  });
  const [first] = Array.isArray(made) ? made : [];
  const [chunk] = first?.output ?? [];
  if (chunk?.type !== "chunk") throw new Error("nothing was built");
  return chunk.code;
}

const script = await bundle();

describe("hufu/wallet", () => {
  it("is under 8 KB compressed", () => {
    expect(gzipSync(script).length).toBeLessThan(8_000);
  });

  describe.skipIf(chromiumPath === undefined)("in a browser (skipped where there is no Chromium)", () => {
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      browser = await openBrowser();
      page = await browser.newPage();
      // WebCrypto is for secure contexts, which localhost is.
      await page.route("http://localhost/**", (route) => route.fulfill({ contentType: "text/html", body: "<p>" }));
      await start();
    });
    afterAll(() => browser.close());

    async function start(): Promise<void> {
      await page.goto("http://localhost/wallet");
      await page.addScriptTag({ content: script });
    }

    it("keeps a key and a card over a restart, and presents", async () => {
      const jwk = await page.evaluate(async () => {
        const mine = await hufu.Wallet.open({ store: hufu.indexedDbStore("test") });
        return mine.makeKey();
      });
      const issuer = generateKey(Algorithm.ED25519);
      const card = cardFor(issuer, jwk);
      await page.evaluate(async (text) => {
        await (await hufu.Wallet.open({ store: hufu.indexedDbStore("test") })).keep(text);
      }, card);
      await start();
      const text = await page.evaluate(async (now) => {
        const mine = await hufu.Wallet.open({ store: hufu.indexedDbStore("test") });
        await mine.learnTime(now);
        return mine.present({ audience: "gate", claims: [4] });
      }, NOW);
      const engine = await Engine.create({ trust: jwksOf([issuer]), status: "none", clock: () => (NOW + 1) * 1000 });
      expect(engine.verifyBatch([text], { audience: "gate", claims: true })[0]).toMatchObject({
        code: "VALID",
        claims: { "4": "张秀英" },
      });
    });
  });
});
