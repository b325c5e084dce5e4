import { readFileSync } from "node:fs";
import { HufuClient } from "../../client/client.js";

/**
 * What relying parties do in the demonstration, in a process of its own: station gates that stream scans, and a bank
 * that checks its book of customers now and then. Arguments: URL of the verifier, file of QR texts, scans a second.
 */
const [, , url = "", file = "", rate = "2000"] = process.argv;
const cards = readFileSync(file, "utf8").split("\n").filter(Boolean);
const scansPerSecond = Number(rate);
const TURN_MS = 5;
/** Each has a line of its own, as gates have. */
const GATES = 50;
const BANK_EVERY_MS = 10_000;

const gates = Array.from({ length: GATES }, () => new HufuClient(url, { lane: "gate" }));
const bank = new HufuClient(url, { lane: "bulk" });
let next = 0;
let due = 0;
let last = performance.now();

const travellers = setInterval(() => {
  const now = performance.now();
  // Open loop: travellers arrive whether or not the last ones were let through.
  due += ((now - last) * scansPerSecond) / 1000;
  last = now;
  for (; due >= 1; due--) {
    const gate = gates[next % GATES];
    gate?.verify(cards[next++ % cards.length] ?? "", { purpose: "rail-boarding", region: "110105" }).catch(stop);
  }
}, TURN_MS);

const banks = setInterval(() => {
  void checkBook().catch(stop);
}, BANK_EVERY_MS);

async function checkBook(): Promise<void> {
  const book = Array.from({ length: 5 }, () => cards).flat();
  let answered = 0;
  for await (const verdict of bank.verifyMany(book, { purpose: "bank-account", region: "110105" })) {
    if (verdict.outcome !== "undetermined") answered++;
  }
  process.send?.({ bank: answered });
}

function stop(): void {
  clearInterval(travellers);
  clearInterval(banks);
  for (const gate of gates) gate.close();
  bank.close();
  if (process.connected) process.disconnect();
}

process.on("disconnect", stop);
// The terminal sends Ctrl-C to every process of the group; the demonstration itself says when to stop.
process.on("SIGINT", () => undefined);
