// A gate that asks a Hufu verifier about each scan, over a plain WebSocket.
//
//     node examples/gate.mjs ws://127.0.0.1:8080 [PURPOSE]
//
// A scanner that types gives one QR text a line on standard input; for each, one line says what the gate does: `open`,
// `shut` or `ask` (a person decides), and the code. What is sent and heard is in docs/protocol.md. The token, where the
// server demands one, is in HUFU_TOKEN. `HufuClient` of `hufu/client` does all this and more; this shows that little is
// needed.
import { randomBytes, randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

// Node has it from version 22 on.
const { WebSocket = (await import("ws")).WebSocket } = globalThis;

/** Who has shown a card waits so long (milliseconds); then it is shown again. */
const FRESH = 2_000;
/** Close codes that asking again does not mend: the frame, the token or its scope is wrong. */
const FINAL = [4400, 4401, 4403, 4413];
const DOES = { accepted: "open", refused: "shut", undetermined: "ask" };

class Gate {
  #url;
  #hello;
  #seq = 0;
  #line;
  /** Told of the answer to the scan that is asked about; of undefined where the line is lost. */
  #answered = () => undefined;

  constructor(url, purpose) {
    this.#url = `${url}/v1/stream`;
    // The session's number is the gate's own: over another connection nothing is asked twice.
    this.#hello = { type: "hello", session: randomBytes(16).toString("hex"), lane: "gate", purpose };
  }

  /** What becomes of one scan. The scan's own number keeps a presentation from being REPLAYED to itself. */
  async scan(qr) {
    const item = { qr, scan: randomUUID() };
    const until = performance.now() + FRESH;
    let verdict = { outcome: "undetermined", code: "UNREACHABLE" };
    while (performance.now() < until) {
      const answer = await this.#ask(item);
      if (answer === undefined) {
        await sleep(50);
        continue;
      }
      this.#seq++;
      verdict = answer.type === "error" ? { outcome: "undetermined", code: answer.code } : answer.verdicts[0];
      if (verdict.code !== "BUSY" || verdict.retryAfterMs === undefined) break;
      await sleep(verdict.retryAfterMs);
    }
    return `${DOES[verdict.outcome]} ${verdict.code}`;
  }

  close() {
    this.#line?.then((socket) => socket?.close());
  }

  /** The frame that answers; undefined where the line is lost: asked again under the same number it is answered once. */
  async #ask(item) {
    const socket = await (this.#line ??= this.#connect());
    if (socket === undefined) return undefined;
    return new Promise((resolve) => {
      this.#answered = resolve;
      socket.send(JSON.stringify({ type: "verify", seq: this.#seq, items: [item] }));
    });
  }

  /** A stream that has been welcomed; one scan at a time is within all credits. */
  #connect() {
    const token = process.env.HUFU_TOKEN;
    const socket = new WebSocket(this.#url, ["hufu.v1+json", ...(token ? [`hufu.token.${token}`] : [])]);
    return new Promise((resolve) => {
      socket.onopen = () => socket.send(JSON.stringify(this.#hello));
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "welcome") resolve(socket);
        // Else news of credits, a server that drains, or what an older line was owed.
        else if (frame.seq === this.#seq) this.#answered(frame);
      };
      socket.onerror = () => undefined;
      socket.onclose = ({ code, reason }) => {
        if (FINAL.includes(code)) {
          console.error(`the server closed the stream: ${code} ${reason}`);
          process.exit(1);
        }
        this.#line = undefined;
        resolve(undefined);
        this.#answered(undefined);
      };
    });
  }
}

const [url, purpose] = process.argv.slice(2);
if (url === undefined) {
  console.error("node examples/gate.mjs ws://HOST:PORT [PURPOSE]");
  process.exit(1);
}
const gate = new Gate(url, purpose);
for await (const text of createInterface({ input: process.stdin })) console.log(await gate.scan(text));
gate.close();
