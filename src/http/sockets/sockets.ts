import { StartError } from "../start-error.js";
import type { Certificates } from "./certificates.js";
import { openNode } from "./node.js";
import { SOCKETS, type Sockets, type SocketsName } from "./seam.js";
import { AddonFailure, openUws } from "./uws.js";

/**
 * `wanted`: by HUFU_SOCKETS; uWebSockets.js, or else node:http and ws, where it is absent. Throws StartError.
 *
 * TLS is spoken by node:https. uWebSockets.js 20.57 refuses a client whose certificate it does not trust and lets in one
 * that has none, and once it listens it takes no other certificate.
 */
export function openSockets(wanted = process.env["HUFU_SOCKETS"], certificates?: Certificates): Sockets {
  if (wanted !== undefined && wanted !== "" && !SOCKETS.includes(wanted as SocketsName)) {
    throw new StartError(`HUFU_SOCKETS is ${wanted}`, `set it to ${SOCKETS.join(" or ")}, or not at all`);
  }
  if (certificates !== undefined && wanted === "uws") {
    throw new StartError("HUFU_SOCKETS is uws, which does not speak TLS here", "leave it out, or the certificate");
  }
  if (wanted === "node") return { name: "node", ...openNode(certificates) };
  if (certificates !== undefined) return { name: "node", instead: FOR_TLS, ...openNode(certificates) };
  try {
    return { name: "uws", ...openUws() };
  } catch (error) {
    if (!(error instanceof AddonFailure) || wanted === "uws") throw error;
    return { name: "node", instead: `${error.message}; ${error.remedy}`, ...openNode() };
  }
}

const FOR_TLS = "they speak TLS; to have uWebSockets.js speak, end TLS in a proxy before this server";
