import type { Certificates } from "../../http/sockets/certificates.js";
import type { Config } from "../../server/config.js";
import { readSource } from "../sources.js";

/** The files that are named with --tls-cert and its like, as they are now. */
export async function certificatesOf({ tlsCert, tlsKey, tlsClientCa }: Config): Promise<Certificates | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const [cert, key, clientCa] = await Promise.all([
    readSource("--tls-cert", tlsCert),
    readSource("--tls-key", tlsKey),
    tlsClientCa === undefined ? undefined : readSource("--tls-client-ca", tlsClientCa),
  ]);
  return { cert, key, ...(clientCa && { clientCa }) };
}
