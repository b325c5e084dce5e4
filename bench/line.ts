import { WebSocket } from "ws";
import { readServerFrame, type ServerFrame } from "../src/format/wire/frame.js";
import { msgpackCodec } from "../src/format/wire/msgpack.js";
import type { LoadOrders } from "./load.js";
import type { Answer, Score } from "./score.js";

export type Target = "hufu" | "peer";

/** What the peer is sent, and answers, as JSON. */
export interface PeerQuestion {
  seq: number;
  qrs: string[];
}
export interface PeerAnswer {
  seq: number;
  accepted: boolean[];
}

interface Asked {
  readonly scans: readonly number[];
  /** When it should have been sent, by performance.now(). */
  readonly due: number;
}

/** After a BUSY the scan is shown again (milliseconds; docs/protocol.md). */
const AGAIN_MS = 20;

/** One WebSocket of a gate or a bank. A gate whose credits are spent lets its scans wait, and their time runs. */
export class Line {
  readonly #socket: WebSocket;
  readonly #orders: LoadOrders;
  readonly #score: Score;
  readonly #asked = new Map<number, Asked>();
  readonly #waiting: Asked[] = [];
  #next = 0;
  #onTheWay = 0;
  #unanswered = 0;
  #isClosing = false;
  /** Texts that it may have unanswered. */
  credits = Infinity;
  /** Why it is of no use any more. */
  fault: Error | undefined;
  onAnswer: () => void = () => undefined;

  private constructor(socket: WebSocket, orders: LoadOrders, score: Score) {
    this.#socket = socket;
    this.#orders = orders;
    this.#score = score;
  }

  /** Rejects where it cannot be opened. */
  static async open(orders: LoadOrders, score: Score): Promise<Line> {
    const { target, url, lane } = orders;
    const path = target === "hufu" ? "/v1/stream" : "";
    const protocols = target === "hufu" ? [msgpackCodec.subprotocol] : [];
    const socket = new WebSocket(url + path, protocols, { perMessageDeflate: false });
    const line = new Line(socket, orders, score);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", () => {
        if (target === "hufu") socket.send(msgpackCodec.encode({ type: "hello", lane }));
        else resolve();
      });
      socket.on("message", (data: Buffer) => {
        if (target === "peer") line.#hearPeer(JSON.parse(data.toString()) as PeerAnswer);
        else line.#hear(readServerFrame(msgpackCodec.decode(data)));
        if (line.credits < Infinity) resolve();
      });
      socket.once("error", reject);
      socket.once("close", (code) => {
        line.fault ??= line.#isClosing ? undefined : new Error(`the other end closed a connection: ${code}`);
        reject(new Error(`no connection: ${code}`));
      });
    });
    return line;
  }

  /** Texts asked, or waiting to be, that have no answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** `due`: when it should have been sent, by performance.now(). */
  ask(scans: readonly number[], due: number): void {
    this.#unanswered += scans.length;
    this.#waiting.push({ scans, due });
    this.#send();
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.terminate();
  }

  #send(): void {
    for (let [asked] = this.#waiting; asked !== undefined; [asked] = this.#waiting) {
      if (this.#onTheWay + asked.scans.length > this.credits || this.fault !== undefined) return;
      this.#waiting.shift();
      this.#onTheWay += asked.scans.length;
      const seq = this.#next++;
      this.#asked.set(seq, asked);
      const qrs = asked.scans.map((scan) => this.#orders.scans[scan]?.qr ?? "");
      if (this.#orders.target === "peer") this.#socket.send(JSON.stringify({ seq, qrs } satisfies PeerQuestion));
      else this.#socket.send(msgpackCodec.encode({ type: "verify", seq, items: qrs }));
    }
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === "welcome" || frame.type === "credits") {
      this.credits = frame.credits.items;
      this.#send();
    } else if (frame.type === "verdicts") {
      const answers = frame.verdicts.map(({ outcome, code, expires }): Answer => {
        return { accepted: outcome === "accepted", code, ...(expires !== undefined && { expires }) };
      });
      this.#take(frame.seq, answers);
    } else {
      this.fault ??= new Error(`the server said ${frame.type}`);
    }
  }

  #hearPeer({ seq, accepted }: PeerAnswer): void {
    this.#take(seq, accepted.map((one) => ({ accepted: one }))); // prettier-ignore
  }

  #take(seq: number, answers: readonly Answer[]): void {
    const asked = this.#asked.get(seq);
    if (asked === undefined) {
      this.#score.doubled();
      return;
    }
    this.#asked.delete(seq);
    this.#onTheWay -= asked.scans.length;
    if (answers.some(({ code }) => code === "BUSY")) this.#askAgain(asked);
    else {
      this.#unanswered -= asked.scans.length;
      this.#score.answered(asked.scans, answers, asked.due);
    }
    this.#send();
    this.onAnswer();
  }

  #askAgain(asked: Asked): void {
    this.#score.busy();
    setTimeout(() => {
      this.#waiting.push(asked);
      this.#send();
    }, AGAIN_MS);
  }
}
