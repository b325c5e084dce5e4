// The library in ten lines: `hufu publish` writes the first two files, `hufu cards --qr` the third.
import { readFileSync } from "node:fs";
import { Verifier } from "hufu";

const [trust = "trust.hufu", status = "status.hufu", cards = "cards.txt"] = process.argv.slice(2);
const verifier = await Verifier.create({ trust: readFileSync(trust), status: [{ path: status }] });
const texts = readFileSync(cards, "utf8").trimEnd().split("\n");
const verdicts = await verifier.verifyBatch(texts);
for (const { outcome, code, tier = "" } of verdicts) console.log(outcome, code, tier);
await verifier.close();
