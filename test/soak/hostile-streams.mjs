import { connect } from "node:net";
import { clearInterval, setInterval, setTimeout } from "node:timers";
import { WebSocket } from "ws";

/**
 * Streams of one address that mean no good, in a process of their own: `node hostile-streams.mjs PORT COUNT`. They come
 * again when they are closed, and go on until the process is ended; the line `ready` says that all were open once.
 */
const [port, count] = process.argv.slice(2).map(Number);
const url = `ws://127.0.0.1:${port}/v1/stream`;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const garbage = Array.from({ length: 128 }, (_, n) =>
  Array.from({ length: 600 }, (_, i) => ALPHABET[(i * i * 7 + n * 31 + i * 13) % 45]).join(""),
);
const AGAIN_MS = 100;

/** Asks as fast as its credits allow: garbage as a bank, as a gate, or texts that are empty. */
function flood(lane, text) {
  return (opened, again) => {
    const socket = new WebSocket(url, ["hufu.v1+json"]);
    let seq = 0;
    const asked = new Map();
    let left = 0;
    let allowed = 0;
    let most = 0;
    const ask = () => {
      while (left > 0 && socket.readyState === WebSocket.OPEN) {
        const items = garbage.slice(0, Math.min(left, most)).map((one) => (text === undefined ? one : text));
        asked.set(seq, items.length);
        left -= items.length;
        socket.send(JSON.stringify({ type: "verify", seq: seq++, items }));
      }
    };
    socket.on("open", () => socket.send(JSON.stringify({ type: "hello", lane })));
    socket.on("message", (data) => {
      const frame = JSON.parse(data);
      if (frame.type === "welcome" || frame.type === "credits") {
        opened();
        left += frame.credits.items - allowed;
        allowed = frame.credits.items;
        most = Math.min(128, frame.limits?.items ?? most);
      } else if (asked.has(frame.seq)) {
        left += asked.get(frame.seq);
        asked.delete(frame.seq);
      }
      ask();
    });
    socket.on("error", () => undefined).on("close", again);
  };
}

/** Asks on and on, and never reads. */
function deaf(opened, again) {
  const socket = new WebSocket(url, ["hufu.v1+json"]);
  let timer;
  socket.on("open", () => {
    opened();
    socket.pause();
    socket.send(JSON.stringify({ type: "hello", lane: "bulk" }));
    let seq = 0;
    timer = setInterval(() => {
      if (socket.bufferedAmount > 1_000_000) return;
      for (let i = 0; i < 20; i++)
        socket.send(JSON.stringify({ type: "verify", seq: seq++, items: i % 2 ? [] : ["BB8"] }));
    }, 20);
    // Its peer may have closed it: whoever does not read never hears of that.
    setTimeout(() => socket.terminate(), 20_000);
  });
  socket
    .on("error", () => undefined)
    .on("close", () => {
      clearInterval(timer);
      again();
    });
}

/** Sends a frame of a mebibyte a byte at a time. */
function drip(opened, again) {
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(
      "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: hufu.v1+json\r\n\r\n",
    );
  });
  let timer;
  socket.once("data", () => {
    opened();
    socket.write(Uint8Array.of(0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0, 0, 0, 0, 0, 0));
    timer = setInterval(() => socket.write("x"), 100);
  });
  socket.on("data", () => undefined).on("error", () => undefined);
  socket.on("close", () => {
    clearInterval(timer);
    again();
  });
}

const KINDS = [flood("bulk"), flood("gate"), flood("bulk", ""), deaf, drip];
let waiting = count;
for (let i = 0; i < count; i++) {
  const begin = KINDS[i % KINDS.length];
  let isFirst = true;
  const opened = () => {
    if (isFirst && --waiting === 0) process.stdout.write("ready\n");
    isFirst = false;
  };
  const open = () => begin(opened, () => setTimeout(open, AGAIN_MS));
  setTimeout(open, i * 2);
}
