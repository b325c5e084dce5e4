import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { us_listen_socket } from "uWebSockets.js";
import { StartError } from "../start-error.js";
import { errorOfListening } from "./listening.js";
import type { App, Listening, Sockets } from "./seam.js";

/** The only file that knows uWebSockets.js. Throws AddonFailure where the add-on does not load. */
export function openUws(): Pick<Sockets, "app" | "listen"> {
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
  // Its typings say more of what it takes than is asked of it here.
  return { app: app as unknown as App, listen };
}

/** What the post-install step runs, if npm lets it; from a clone as from an installed package. */
const MENDER = fileURLToPath(new URL("../../../../scripts/glibc.mjs", import.meta.url));

/** The add-on does not load here; something else may take its place. */
export class AddonFailure extends StartError {}

/** With `import()` Node 20 ends the process over what such a package throws, caught or not. */
function loadAddon(): typeof import("uWebSockets.js") {
  try {
    return createRequire(import.meta.url)("uWebSockets.js") as typeof import("uWebSockets.js");
  } catch (error) {
    // The package speaks first, the system's own reason comes last.
    const lines = String(error instanceof Error ? error.message : error)
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^(- |Require stack:)/.test(line));
    throw new AddonFailure(
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
  return errorOfListening(code, host, port);
}
