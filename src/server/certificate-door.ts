import { type Certificates, expiryOf } from "../http/sockets/certificates.js";
import type { Renew } from "../http/sockets/seam.js";
import { StartError } from "../http/start-error.js";
import type { Metrics } from "./metrics.js";

/** What `renew` does, with a metric of when clients will begin to refuse what is shown. */
export function renewing(renew: Renew | undefined, first: Certificates | undefined, metrics: Metrics): Renew {
  let expires = first === undefined ? 0 : expiryOf(first);
  const about = "When the server's certificate expires, 0 where it does not speak TLS";
  metrics.gauge("hufu_tls_certificate_expires_timestamp_seconds", about, () => expires);
  return (certificates) => {
    if (renew === undefined) throw new StartError("this server does not speak TLS", "start it with a certificate");
    renew(certificates);
    expires = expiryOf(certificates);
  };
}
