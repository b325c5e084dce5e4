import { existsSync } from "node:fs";

/** Is this a checkout, which has its sources and builds itself? An installed package has neither. */
const isCheckout = existsSync(new URL("../../../src/engine/checkout.ts", import.meta.url));

/** What helps where a file of ours is missing or does not run. */
export const REBUILD = isCheckout ? "run `npm run build`" : "install the package again: `npm install hufu`";

/** What helps where a package that we need is missing. */
export const REINSTALL = isCheckout ? "run `npm ci`" : "install the package again, with its optional dependencies";
