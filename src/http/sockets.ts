import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { TemplatedApp, us_listen_socket, WebSocket } from "uWebSockets.js";
import { StartError } from "./start-error.js";

export type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocketBehavior } from "uWebSockets.js";

/** What the server uses of uWebSockets.js; the only file that knows the package. */
export interface Sockets {
  app: TemplatedApp;
  listen: (host: string, port: number) => Promise<Listening>;
}

export interface Listening {
  port: number;
  /** Accept no more connections; those there are live on. */
  stop: () => void;
}

export type StreamSocket<T> = WebSocket<T>;

/** Load the add-on. Throws StartError where it does not load. */
export function openSockets(): Sockets {
  const { App, us_listen_socket_close, us_socket_local_port } = loadAddon();
  const app = App();
  const listen = (host: string, port: number): Promise<Listening> =>
    new Promise((resolve, reject) => {
      const started = (socket: us_listen_socket | false): void => {
        if (socket === false) {
          whyNot(host, port).then(reject, reject);
          return;
        }
        const stop = (): void => {
          us_listen_socket_close(socket);
        };
        resolve({ port: us_socket_local_port(socket), stop });
      };
      // The typings lack this form. Without the option a second server would quietly share the port.
      (app as unknown as ListenExclusively).listen(host, port, LIBUS_LISTEN_EXCLUSIVE_PORT, started);
    });
  return { app, listen };
}

/** What the post-install step runs, if npm lets it; from a clone as from an installed package. */
const MENDER = fileURLToPath(new URL("../../../scripts/glibc.mjs", import.meta.url));

/** With `import()` Node 20 ends the process over what such a package throws, caught or not. */
function loadAddon(): typeof import("uWebSockets.js") {
  try {
    return createRequire(import.meta.url)("uWebSockets.js") as typeof import("uWebSockets.js");
  } catch (error) {
    // The package speaks first, the system's own reason comes last.
    const lines = String(error instanceof Error ? error.message : error).split("\n");
    throw new StartError(
      `the uWebSockets.js add-on does not load (${(lines[lines.length - 1] ?? "").replace(/^Error: /, "")})`,
      `run \`node ${MENDER}\`, which fits it to this system or says what is missing`,
    );
  }
}

const LIBUS_LISTEN_EXCLUSIVE_PORT = 1;

interface ListenExclusively {
  listen(host: string, port: number, options: number, started: (socket: us_listen_socket | false) => void): void;
}

/** uWebSockets.js does not say why it could not listen; the system tells whoever tries the same with node:net. */
async function whyNot(host: string, port: number): Promise<StartError> {
  const { createServer } = await import("node:net");
  const code = await new Promise<string>((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    probe.listen({ host, port, exclusive: true }, () => {
      probe.close(() => {
        resolve("it was free a moment later");
      });
    });
  });
  switch (code) {
    case "EADDRINUSE":
      return new StartError(`port ${port} on ${host} is in use`, "stop what uses it or choose another with --port");
    case "EACCES":
      return new StartError(`port ${port} may not be opened by this user`, "choose one above 1023 with --port");
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartError(`${host} is no address of this machine`, "choose one with --host, such as 127.0.0.1");
    default:
      return new StartError(`cannot listen on ${host} port ${port} (${code})`, "choose others with --host and --port");
  }
}
