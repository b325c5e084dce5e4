import { setTimeout as after } from "node:timers/promises";
import type { Command } from "commander";
import { claimsIn, processesIn } from "../engine/state-folder.js";
import type { VerifierOptions } from "../engine/verifier.js";
import { type Config, configure } from "../server/config.js";
import { readFeedAddress } from "../feed/address.js";
import { ignoredProxy } from "../http/proxy.js";
import type { ServerOptions } from "../server/server.js";
import { UsageError } from "./errors.js";
import { readingSettings, withServerOptions } from "./server-options.js";
import { certificatesOf } from "./serve/certificates.js";
import { feedReport, type Log, openLog, streamReport, verifierReport, watchReadiness } from "./serve/logging.js";
import { accessTokens, readNamed, refusedFiles, reloading } from "./serve/named.js";
import { readPolicyFile, unusableSources } from "./sources.js";
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
  const stopped = interruption();
  const { config } = readingSettings(() => configure(flags, process.env));
  const tokens = await accessTokens(config);
  const certificates = await certificatesOf(config);
  const [log, { Verifier }, { Feed, openFeed }, { Readiness }, { startServer }, { openClaims }, { claimsOptions }] =
    await Promise.all([
      openLog(config.logLevel),
      import("../engine/verifier.js"),
      import("../feed/feed.js"),
      import("../server/readiness.js"),
      import("../server/server.js"),
      import("../server/claim-file.js"),
      import("../server/replay.js"),
    ]);
  const options = { ...(await verifierOptions(config)), onEvent: verifierReport(log) };
  const { verifier, refused } = await Verifier.start(options).catch((error: unknown) => {
    throw unusableSources(error, config);
  });
  const within = config.state === "none" ? undefined : processesIn(config.state);
  const feed =
    config.feed === undefined ? undefined : new Feed(openFeed(config.feed, within), verifier, feedReport(log));
  if (feed !== undefined) {
    feed.onLook = (milliseconds) => {
      log.debug({ feed: feed.state.place, milliseconds: Math.round(milliseconds) }, "looked at the feed");
    };
  }
  const claims = config.state === "none" ? undefined : openClaims(claimsIn(config.state), claimsOptions(verifier));
  const end = async (): Promise<void> => {
    await feed?.stop();
    await verifier.close();
    claims?.close();
  };
  try {
    const notTaken = refusedFiles(refused, config, log);
    const readiness = new Readiness(verifier, feed?.state, notTaken);
    await Promise.race([feed?.start(), stopped, after(FIRST_LOOK_MS, undefined, { ref: false })]);
    const server = await startServer(verifier, {
      ...doorsOf(config),
      ...{ tokens, readiness, ...(claims && { claims: claims.claims }), ...(certificates && { certificates }) },
      onStream: streamReport(log),
      onWarning: (message) => {
        log.warn(message);
      },
      onError: (error, requestId) => {
        log.error({ err: error, requestId }, "a request failed");
      },
    });
    const { port, healthPort } = server;
    const listening = { host: config.host, port, ...(healthPort !== undefined && { healthPort }) };
    log.info({ ...listening, workers: verifier.stats.workers }, "verifying");
    tellWhatIsKnown(config, tokens.length, log);
    const unwatch = watchReadiness(readiness, log);
    reloading(config, verifier, server, notTaken, log);
    const signal = await stopped;
    log.info({ signal }, "stopping: answering what is in work");
    unwatch();
    await Promise.all([server.close(), feed?.stop()]);
  } catch (error) {
    await end();
    throw startFailure(error);
  }
  await end();
  log.info("stopped");
}

function doorsOf(config: Config): ServerOptions {
  const { host, port, credits, idleSeconds, perAddress, connections, allowHost, cors, trustProxy, healthPort } = config;
  return {
    ...{ host, port, credits, idleSeconds, perAddress, connections, allowHost, cors, trustProxy, version: version() },
    ...(healthPort !== undefined && { healthPort }),
  };
}

async function verifierOptions(config: Config): Promise<VerifierOptions> {
  const { workers, statusMaxAge, withoutStatus, feed, state } = config;
  const policy = config.policy === undefined ? undefined : await readPolicyFile(config.policy);
  const { trust, status } = await readNamed(config);
  return {
    trust,
    status: withoutStatus ? "none" : status,
    ...(feed !== undefined && { awaits: feed }),
    ...(state !== "none" && { state }),
    ...(policy && { policy }),
    ...(workers !== undefined && { workers }),
    ...(statusMaxAge !== undefined && { statusMaxAge }),
  };
}

/** What is not as one would expect it, and was asked for. */
function tellWhatIsKnown({ withoutStatus, state, feed }: Config, tokens: number, log: Log): void {
  if (withoutStatus)
    log.warn("going without status, as asked: a revoked card is accepted where nothing tells its status");
  if (state === "none")
    log.warn("nothing is kept over a restart, as asked: older trust and status is then accepted once");
  if (tokens === 0) log.warn("no token is demanded: everyone who can connect may ask everything");
  const address = feed === undefined ? undefined : readFeedAddress(feed);
  const variable = address && "base" in address ? ignoredProxy(address.base, process.env) : undefined;
  if (variable !== undefined) {
    log.warn(`${variable} is not used for the feed: that needs Node 24, or 22.21, and NODE_USE_ENV_PROXY=1`);
  }
}

/** What a person reads when the server could not start. */
function startFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "StartError" || !("remedy" in error)) return error;
  return new UsageError(error.message, String(error.remedy));
}

/** One signal is often heard twice: from the supervisor, and with the whole group of processes. */
const ECHO_MS = 1_000;

/** Resolves at the first SIGINT or SIGTERM; another one a while later ends the process at once. */
function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const hear = (signal: NodeJS.Signals): void => {
      if (first !== undefined && performance.now() - first > ECHO_MS) process.exit(130);
      first ??= performance.now();
      resolve(signal);
    };
    process.on("SIGINT", hear).on("SIGTERM", hear);
    // Until there is something to read again: unheard it would end the process.
    process.on("SIGHUP", () => undefined);
  });
}
