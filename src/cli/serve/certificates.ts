import type { Certificates } from "../../http/sockets/certificates.js";
import type { Config } from "../../server/config.js";
import { readSources } from "../sources.js";

/** The files that are named with --tls-cert and its like, as they are now. */
export async function certificatesOf({ tlsCert, tlsKey, tlsClientCa }: Config): Promise<Certificates | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const [cert, key, clientCa] = await Promise.all([
    readSources("--tls-cert", [tlsCert]),
    readSources("--tls-key", [tlsKey]),
    readSources("--tls-client-ca", tlsClientCa === undefined ? [] : [tlsClientCa]),
  ]);
  if (cert[0] === undefined || key[0] === undefined) return undefined;
  return { cert: cert[0], key: key[0], ...(clientCa[0] && { clientCa: clientCa[0] }) };
}
