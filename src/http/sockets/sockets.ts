import { StartError } from "../start-error.js";
import { openNode } from "./node.js";
import { SOCKETS, type Sockets, type SocketsName } from "./seam.js";
import { AddonFailure, openUws } from "./uws.js";

/** `wanted`: by HUFU_SOCKETS; uWebSockets.js, or else node:http and ws, where it is absent. Throws StartError. */
export function openSockets(wanted = process.env["HUFU_SOCKETS"]): Sockets {
  if (wanted !== undefined && wanted !== "" && !SOCKETS.includes(wanted as SocketsName)) {
    throw new StartError(`HUFU_SOCKETS is ${wanted}`, `set it to ${SOCKETS.join(" or ")}, or not at all`);
  }
  if (wanted === "node") return { name: "node", ...openNode() };
  try {
    return { name: "uws", ...openUws() };
  } catch (error) {
    if (!(error instanceof AddonFailure) || wanted === "uws") throw error;
    return { name: "node", instead: `${error.message}; ${error.remedy}`, ...openNode() };
  }
}
