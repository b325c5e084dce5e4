import { HufuClient } from "../src/client/client.js";
import { WebSocket } from "ws";

/**
 * The load of the server benchmark, in a process of its own: one WebSocket, as many texts in flight as the other end
 * takes. The same generator drives ours and the peer, but for the frames each understands.
 */
export interface LoadOrders {
  target: "hufu" | "peer";
  url: string;
  qrs: string[];
  /** Is the text of this index to be accepted? Only one answer in its place can be right. */
  genuine: boolean[];
  milliseconds: number;
}

export interface LoadReport {
  /** Verdicts after the warm-up, all of them right. */
  verdicts: number;
  seconds: number;
}

/** Texts of one frame of the peer, and frames it is sent before it answers: the best of those tried. */
const PEER_ITEMS = 128;
const PEER_FRAMES = 16;

process.once("message", (orders: LoadOrders) => {
  const load = orders.target === "hufu" ? loadHufu : loadPeer;
  load(orders).then(
    (report) => process.send?.(report, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

/** Counts what comes back, from a quarter of the time on. */
class Clock {
  #verdicts = 0;
  #from = 0;
  readonly #began = performance.now();

  constructor(readonly milliseconds: number) {}

  get over(): boolean {
    return performance.now() - this.#began > this.milliseconds;
  }

  count(verdicts: number): void {
    const now = performance.now();
    if (now - this.#began < this.milliseconds / 4) return;
    if (this.#from === 0) this.#from = now;
    else this.#verdicts += verdicts;
  }

  report(): LoadReport {
    return { verdicts: this.#verdicts, seconds: (performance.now() - this.#from) / 1000 };
  }
}

async function loadHufu({ url, qrs, genuine, milliseconds }: LoadOrders): Promise<LoadReport> {
  const client = new HufuClient(url);
  const clock = new Clock(milliseconds);
  function* texts(): Generator<string> {
    for (let i = 0; ; i = (i + 1) % qrs.length) yield qrs[i] ?? "";
  }
  let next = 0;
  for await (const { code } of client.verifyMany(texts())) {
    const expected = genuine[next] === true ? "VALID" : "BAD_ISSUER_SIGNATURE";
    if (code !== expected) throw new Error(`a card that is ${expected} was ${code}`);
    next = (next + 1) % qrs.length;
    clock.count(1);
    if (clock.over) break;
  }
  const report = clock.report();
  client.close();
  return report;
}

function loadPeer({ url, qrs, genuine, milliseconds }: LoadOrders): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const clock = new Clock(milliseconds);
    let next = 0;
    const ask = (): void => {
      const frame = Array.from({ length: PEER_ITEMS }, (_, i) => qrs[(next + i) % qrs.length]);
      next += PEER_ITEMS;
      socket.send(JSON.stringify(frame));
    };
    // Its frames come back in any order and unnumbered; forged cards lie evenly, so many are right in each.
    const accepted = (PEER_ITEMS * genuine.filter(Boolean).length) / genuine.length;
    socket.on("open", () => {
      for (let i = 0; i < PEER_FRAMES; i++) ask();
    });
    socket.on("message", (data: Buffer) => {
      const verdicts = JSON.parse(data.toString()) as boolean[];
      if (verdicts.filter(Boolean).length !== accepted) reject(new Error("a card got a wrong answer"));
      clock.count(verdicts.length);
      if (!clock.over) ask();
      else resolve(clock.report());
    });
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error("the peer closed the connection"));
    });
  });
}
