import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { StartError } from "../start-error.js";

/** PEM files by which a server speaks TLS. */
export interface Certificates {
  /** That of the server, then those between it and its root. */
  cert: Uint8Array;
  key: Uint8Array;
  /** Who signs the certificates of clients: with it each client must show one. */
  clientCa?: Uint8Array;
}

/** As node:tls takes them, when it is sure that it can use them. Throws StartError. */
export function tlsOptionsOf({ cert, key, clientCa }: Certificates): SecureContextOptions {
  readCertificate(cert, "the server's certificate");
  // Without a certificate in it every authority that Node knows would vouch for clients.
  if (clientCa !== undefined) readCertificate(clientCa, "the certificate of the clients' authority");
  const options = {
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    ...(clientCa && { ca: Buffer.from(clientCa) }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `the certificate cannot be used with the key (${why})`,
      "name a PEM certificate and the key that belongs to it, without a passphrase",
    );
  }
  return options;
}

/** Unix seconds after which clients refuse the server's certificate. */
export function expiryOf({ cert }: Certificates): number {
  return Date.parse(readCertificate(cert, "the server's certificate").validTo) / 1_000;
}

function readCertificate(pem: Uint8Array, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new StartError(`${what} cannot be read`, "name a file of PEM certificates");
  }
}
