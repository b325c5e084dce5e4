import { type Certificates, expiryOf } from "../http/sockets/certificates.js";
import type { Sockets } from "../http/sockets/seam.js";
import { StartError } from "../http/start-error.js";
import type { Metrics } from "./metrics.js";

/** Takes certificates in place of those that new connections were shown; what cannot be used throws StartError. */
export type Renewal = (certificates: Certificates) => void;

/** With a metric of when clients will begin to refuse what is shown. */
export function renewalOf(
  { renew }: Pick<Sockets, "renew">,
  first: Certificates | undefined,
  metrics: Metrics,
): Renewal {
  if (renew === undefined || first === undefined) {
    return () => {
      throw new StartError("this server does not speak TLS", "start it with a certificate");
    };
  }
  let expires = expiryOf(first);
  metrics.gauge(
    "hufu_tls_certificate_expires_timestamp_seconds",
    "When the server's certificate expires",
    () => expires,
  );
  return (certificates) => {
    renew(certificates);
    expires = expiryOf(certificates);
  };
}
