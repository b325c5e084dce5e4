import { Packr } from "msgpackr";
import { FrameError, type FrameCodec, SUBPROTOCOL_MSGPACK } from "./frame.js";

/** Without the records extension, so that any MessagePack library understands what is sent. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/** MessagePack frames. Byte strings are views of the message that was decoded, not copies. */
export const msgpackCodec: FrameCodec = {
  subprotocol: SUBPROTOCOL_MSGPACK,
  binary: true,
  encode: (frame) => packr.pack(frame),
  decode(message) {
    try {
      return packr.unpack(message) as unknown;
    } catch {
      throw new FrameError("the frame is not MessagePack");
    }
  },
};
