import { MAX_FRAME_LENGTH, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK } from "../format/wire/frame.js";
import { FRAMES } from "./messages.js";

/** The stream as AsyncAPI 3.0; see FRAMES. */
export function asyncApi(version: string): unknown {
  const messages = Object.entries(FRAMES).map(([name, { summary, schema }]) => [
    name,
    { name, summary, payload: schema },
  ]);
  const sentBy = (who: "client" | "server"): unknown[] =>
    Object.entries(FRAMES).flatMap(([name, { from }]) =>
      from === who ? [{ $ref: `#/channels/stream/messages/${name}` }] : [],
    );
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Hufu verifier, the stream",
      version,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    channels: {
      stream: {
        address: "/v1/stream",
        description:
          `A WebSocket with subprotocol ${SUBPROTOCOL_JSON}, these frames as text messages, or ${SUBPROTOCOL_MSGPACK}, ` +
          `the same maps in MessagePack as binary ones, in which texts and session may be bytes. A client's frame has at ` +
          `most ${MAX_FRAME_LENGTH} bytes. Close codes and the order of frames are in docs/protocol.md.`,
        messages: Object.fromEntries(messages) as unknown,
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      hear: { action: "receive", channel: { $ref: "#/channels/stream" }, messages: sentBy("client") },
      answer: { action: "send", channel: { $ref: "#/channels/stream" }, messages: sentBy("server") },
    },
  };
}
