// Verifies without a pause until it is told to end, and then tells how many verdicts of each kind there were, and how
// many workers were lost.
import { Verifier } from "../../dist/src/engine/verifier.js";

const [jwks, card, at] = process.argv.slice(2);
const verifier = await Verifier.create({ trust: jwks, workers: 1 });
const counts = {};
let ending = false;
process.once("message", () => {
  ending = true;
});
process.send("at work");
while (!ending) {
  const verdicts = await verifier.verifyBatch(Array(2_000).fill(card), { at: new Date(Number(at) * 1000) });
  for (const { code } of verdicts) counts[code] = (counts[code] ?? 0) + 1;
}
process.send({ counts, replaced: verifier.stats.replaced });
await verifier.close();
process.disconnect();
