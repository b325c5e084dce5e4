import { concat } from "./bytes.js";

/** zlib by the streams that browsers and Node have alike. */

/** Why bytes are not exactly one zlib stream (RFC 1950). */
export type ZlibFault = "gzip" | "raw" | "not-zlib" | "damaged" | "followed" | "too-large";

export class ZlibError extends Error {
  override readonly name = "ZlibError";
  constructor(readonly fault: ZlibFault) {
    super(fault);
  }
}

export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return throughStream(bytes, new CompressionStream("deflate"), Infinity);
}

/** What one zlib stream and nothing behind it inflates to. Rejects with nothing but ZlibError. */
export async function inflate(compressed: Uint8Array, limit: number): Promise<Uint8Array> {
  const whole = await inflated(compressed, "deflate", limit);
  if (whole === undefined) throw new ZlibError(await faultOf(compressed, limit));
  // Node takes what follows the stream for nothing. A stream that ends with the last byte does not end without it.
  if ((await inflated(compressed.subarray(0, -1), "deflate", limit)) !== undefined) throw new ZlibError("followed");
  return whole;
}

async function faultOf(compressed: Uint8Array, limit: number): Promise<ZlibFault> {
  const [method = 0, flags = 0] = compressed;
  if (method === 0x1f && flags === 0x8b) return "gzip"; // RFC 1952 section 2.3.1
  if ((method & 15) === 8 && (method * 256 + flags) % 31 === 0) return "damaged";
  return compressed.length > 0 && (await inflated(compressed, "deflate-raw", limit)) ? "raw" : "not-zlib";
}

async function inflated(bytes: Uint8Array, format: CompressionFormat, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await throughStream(bytes, new DecompressionStream(format), limit);
  } catch (error) {
    if (error instanceof ZlibError) throw error;
    return undefined;
  }
}

async function throughStream(
  bytes: Uint8Array,
  stream: { writable: WritableStream<BufferSource>; readable: ReadableStream<Uint8Array> },
  limit: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  // What goes wrong is told by the reader; here it must only not go unheard.
  written.catch(() => undefined);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream.readable) {
    length += piece.length;
    if (length > limit) throw new ZlibError("too-large");
    pieces.push(piece);
  }
  return concat(...pieces);
}
