import { setTimeout as after } from "node:timers/promises";
import type { Command } from "commander";
import type { Logger } from "pino";
import { type Config, configure } from "../server/config.js";
import type { FeedEvent } from "../server/feed.js";
import type { ServerOptions } from "../server/server.js";
import { type AccessToken, readTokens } from "../server/token.js";
import { reasonOf, UsageError } from "./errors.js";
import { readingSettings, withServerOptions } from "./server-options.js";
import { locateSources, readPolicyFile, readTextSource, readTrustFiles, unusableSources } from "./sources.js";
import { version } from "./version.js";

/**
 * What a feed at hand has is in force before the first card is asked about; one that does not answer by then keeps
 * nobody out: the server listens, and says that it is not ready.
 */
const FIRST_LOOK_MS = 1_000;

export function register(program: Command): void {
  withServerOptions(program.command("serve"))
    .description("verify over HTTP and WebSocket")
    .action(async (options: Record<string, unknown>) => {
      await serve(options);
    });
}

async function serve(flags: Record<string, unknown>): Promise<void> {
  const { config } = readingSettings(() => configure(flags, process.env));
  const policy = config.policy === undefined ? undefined : await readPolicyFile(config.policy);
  const tokens = await accessTokens(config);
  const [{ pino }, { Verifier }, { Feed, openFeed }, { startServer }] = await Promise.all([
    import("pino"),
    import("../engine/verifier.js"),
    import("../server/feed.js"),
    import("../server/server.js"),
  ]);
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const { workers, statusMaxAge, host } = config;
  const source = config.feed === undefined ? undefined : openFeed(config.feed);
  const verifier = await Verifier.create({
    trust: await readTrustFiles(config.trust),
    status: await locateSources("--status", config.status),
    awaits: config.feed,
    ...(policy && { policy }),
    ...(workers !== undefined && { workers }),
    ...(statusMaxAge !== undefined && { statusMaxAge }),
  }).catch((error: unknown) => {
    throw unusableSources(error, config);
  });
  const feed = source && new Feed(source, verifier, reportTo(log));
  await Promise.race([feed?.start(), after(FIRST_LOOK_MS, undefined, { ref: false })]);
  const server = await startServer(verifier, {
    ...doorsOf(config),
    tokens,
    onWarning: (message) => {
      log.warn(message);
    },
    onError: (error, requestId) => {
      log.error({ err: error, requestId }, "a request failed");
    },
  }).catch(async (error: unknown) => {
    await feed?.stop();
    await verifier.close();
    throw startFailure(error);
  });
  const { healthPort } = server;
  log.info(
    { host, port: server.port, ...(healthPort !== undefined && { healthPort }), workers: verifier.stats.workers },
    "verifying",
  );
  const signal = await interruption();
  log.info({ signal }, "stopping: answering what is in work");
  await Promise.all([server.close(), feed?.stop()]);
  await verifier.close();
  log.info("stopped");
}

function doorsOf(config: Config): ServerOptions {
  const { host, port, credits, idleSeconds, perAddress, connections, allowHost, cors, trustProxy, healthPort } = config;
  return {
    ...{ host, port, credits, idleSeconds, perAddress, connections, allowHost, cors, trustProxy, version: version() },
    ...(healthPort !== undefined && { healthPort }),
  };
}

/** The one token that may ask everything, and those that are for something. */
async function accessTokens({ token, tokens }: Config): Promise<AccessToken[]> {
  const text = tokens === undefined ? undefined : await readTextSource("--tokens", tokens);
  try {
    const one = token === undefined ? [] : [{ token, at: true }];
    return [...one, ...(text === undefined ? [] : readTokens(text))];
  } catch (error) {
    const example = '[{"token": "...", "purposes": ["rail-boarding"], "claims": false}]';
    throw new UsageError(`cannot use ${tokens ?? ""}: ${reasonOf(error)}`, `write it as ${example}`);
  }
}

function reportTo(log: Logger): (event: FeedEvent) => void {
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

/** What a person reads when the server could not start. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "StartError" || !("remedy" in error)) return error;
  return new UsageError(error.message, String(error.remedy));
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}
