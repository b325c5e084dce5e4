import { descriptors, SPARE_DESCRIPTORS } from "../engine/descriptors.js";
import type { Metrics } from "./metrics.js";
import type { App } from "../http/sockets/seam.js";
import { StartError } from "../http/start-error.js";

/** With fewer connections a server is of no use. */
const LEAST = 8;

export interface Crowd {
  /** A connection that had become a stream is gone. */
  left: () => void;
}

/**
 * Let in so many connections and no more. With no descriptor left uWebSockets.js would try in vain to accept the next
 * one, again and again, at the full speed of a core: so there are never more than there are descriptors for. Throws
 * StartError.
 */
export function limitConnections(app: App, wanted: number, metrics: Metrics, warn: (message: string) => void): Crowd {
  const most = Math.min(wanted, connectionsThere());
  if (most < wanted && most < NOTABLE) {
    warn(`this process may open so few files that at most ${most} connections are taken: raise it with ulimit -n`);
  }
  let count = 0;
  let refused = 0;
  let full = false;
  const left = (): void => {
    count--;
    if (count < most) full = false;
  };
  app.filter((response, change) => {
    if (change < 0) {
      left();
      return;
    }
    count++;
    if (count <= most) return;
    refused++;
    if (!full) warn(`there are ${most} connections, and that is all there may be: more are refused`);
    full = true;
    response.close();
  });
  metrics.gauge("hufu_connections", "Connections, streams among them", () => count);
  metrics.counter("hufu_connections_refused_total", "Connections refused, as there were too many", () => refused);
  return { left };
}

/** A limit above this was set with connections in mind. */
const NOTABLE = 1_000;

function connectionsThere(): number {
  const known = descriptors();
  if (known === undefined) return Infinity;
  const room = known.most - known.open - SPARE_DESCRIPTORS;
  if (room >= LEAST) return room;
  throw new StartError(
    `this process may open ${known.most} files, of which ${known.open} are open: too few are left for connections`,
    "raise the limit, with `ulimit -n 4096`",
  );
}
