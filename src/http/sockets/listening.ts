import { StartError } from "../start-error.js";

/** Why a server cannot listen, by what the system says. */
export function errorOfListening(code: string, host: string, port: number): StartError {
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
