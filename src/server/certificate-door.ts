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
  let expires = first === undefined ? 0 : expiryOf(first);
  const about = "When the server's certificate expires, 0 where it does not speak TLS";
  metrics.gauge("hufu_tls_certificate_expires_timestamp_seconds", about, () => expires);
  return (certificates) => {
    if (renew === undefined) throw new StartError("this server does not speak TLS", "start it with a certificate");
    renew(certificates);
    expires = expiryOf(certificates);
  };
}
