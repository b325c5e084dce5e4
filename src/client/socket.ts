/** The part of the WebSocket interface (https://websockets.spec.whatwg.org) that the client uses. */
export interface Socket {
  binaryType: string;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

/** A socket that is about to connect: by the constructor given, the platform's own, or that of "ws" on Node. */
export async function openSocket(url: string, protocols: string[], given?: SocketConstructor): Promise<Socket> {
  const platform = (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  const Constructor = given ?? platform ?? (await import("ws")).default;
  const socket = new Constructor(url, protocols);
  socket.binaryType = "arraybuffer";
  return socket;
}
