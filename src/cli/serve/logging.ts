import type { VerifierEvent } from "../../engine/control-plane.js";
import type { FeedEvent } from "../../feed/feed.js";
import type { StreamEvent } from "../../server/stream-events.js";
import { type Readiness, type Reason, sameState } from "../../server/readiness.js";
import { reasonOf } from "../errors.js";

/** What the service uses of its log. */
export type Log = Record<
  "debug" | "info" | "warn" | "error",
  (...line: [message: string] | [facts: object, message: string]) => void
>;

/** JSON lines on standard error; the only place that knows the package. */
export async function openLog(level: string): Promise<Log> {
  const { pino } = await import("pino");
  const log: Log = pino({ level }, pino.destination(2));
  return log;
}

/** What the log says of the feed: one line a change of state. */
export function feedReport(log: Log): (event: FeedEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "in-force":
        log.info({ files: event.files }, "put in force");
        return;
      case "refused":
        log.warn({ files: event.files, why: reasonOf(event.error) }, "refused: what was in force stays in force");
        return;
      case "passed-over":
        log.warn({ file: event.file, holds: event.holds }, "passed over: it is not a file of a feed");
        return;
      case "unreachable":
        log.error({ why: reasonOf(event.error) }, "the feed cannot be read");
        return;
      case "reachable":
        log.info("the feed can be read again");
    }
  };
}

/** With `--log-level debug`: each stream that comes and goes, by the number of its connection. */
export function streamReport(log: Log): (event: StreamEvent) => void {
  return ({ kind, ...facts }) => {
    log.debug(facts, `stream ${kind}`);
  };
}

/** What the log says of changes that nobody asked for. */
export function verifierReport(log: Log): (event: VerifierEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "set-aside":
        log.warn({ why: event.error.message }, "set aside until trust changes: nobody who is trusted has signed it");
        return;
      case "in-force-at-last":
        log.info("what had been set aside is in force");
        return;
      case "status-withdrawn":
        log.warn({ issuer: event.issuer }, "status is in force no more: the key that signed it is trusted no more");
        return;
      case "body-restored":
        log.warn(
          { issuer: event.issuer },
          "the stored body of a snapshot was removed from outside: it is written again",
        );
        return;
      case "body-lost":
        log.error({ issuer: event.issuer }, "the stored body of a snapshot is lost: its status is unknown");
        return;
      case "state-not-kept":
        log.error({ why: reasonOf(event.error) }, "the state folder cannot be written: a restart would forget");
        return;
      case "worker-failed":
        log.error({ why: reasonOf(event.error) }, "a worker failed, and was replaced");
    }
  };
}

/** How often the log looks whether the server is ready. */
const EVERY_MS = 1_000;

/** One line in the log whenever the server becomes ready, or not ready for other reasons. Returns what ends that. */
export function watchReadiness(readiness: Readiness, log: Log): () => void {
  let last: readonly Reason[] | undefined;
  const look = (): void => {
    const reasons = readiness.reasons();
    if (last !== undefined && sameState(reasons, last)) return;
    if (reasons.length > 0) log.warn({ reasons }, "not ready: a good card would not be accepted now");
    else log.info("ready");
    last = reasons;
  };
  look();
  const timer = setInterval(look, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
  };
}
