import { connect, type Socket } from "node:net";

/** Bytes as they are, and what comes back for them. */
export class RawLine {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;
  #changed: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#changed();
    });
  }

  /** Sends are packets of their own. */
  async send(data: string | Uint8Array): Promise<void> {
    this.#socket.setNoDelay(true);
    await new Promise((resolve) => this.#socket.write(data, resolve));
  }

  get text(): string {
    return this.#received.toString("latin1");
  }

  /** What has come once it matches. Throws where the line is closed before. */
  async match(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.#isClosed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    return this.text;
  }

  /** All that came, once the server has closed the line. */
  async end(): Promise<string> {
    while (!this.#isClosed) await new Promise<void>((resolve) => (this.#changed = resolve));
    return this.text;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The status of each answer in what came over a line. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

export function postOf(body: string, headers = ""): string {
  const length = Buffer.byteLength(body);
  return `POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n${headers}\r\n${body}`;
}

/** What opens a WebSocket (RFC 6455 section 4.1); a header of the same name goes before. */
export function upgradeOf(headers: readonly string[] = []): string {
  const usual = [
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: hufu.v1+json",
  ];
  const names = new Set(headers.map((header) => header.split(":")[0]));
  const rest = usual.filter((header) => !names.has(header.split(":")[0]));
  return `GET /v1/stream HTTP/1.1\r\n${[...headers, ...rest].join("\r\n")}\r\n\r\n`;
}
