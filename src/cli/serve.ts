import type { Command } from "commander";
import { configure } from "../server/config.js";
import { UsageError } from "./errors.js";
import { readingSettings, withServerOptions } from "./server-options.js";
import { messageOf, readPolicyFile, readSources } from "./verify.js";
import { version } from "./version.js";

export function register(program: Command): void {
  withServerOptions(program.command("serve"))
    .description("verify over HTTP and WebSocket")
    .action(async (options: Record<string, unknown>) => {
      await serve(options);
    });
}

async function serve(flags: Record<string, unknown>): Promise<void> {
  const { config } = readingSettings(() => configure(flags, process.env));
  const trust = await readSources("--trust", config.trust);
  const status = await readSources("--status", config.status);
  const policy = config.policy === undefined ? undefined : await readPolicyFile(config.policy);
  const [{ pino }, { Verifier }, { startServer }] = await Promise.all([
    import("pino"),
    import("../engine/verifier.js"),
    import("../server/server.js"),
  ]);
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const { workers, token, host, port, credits, idleSeconds, perAddress, connections } = config;
  const verifier = await Verifier.create({
    trust,
    status,
    ...(policy && { policy }),
    ...(workers !== undefined && { workers }),
  }).catch((error: unknown) => {
    throw new UsageError(`cannot use ${[...config.trust, ...config.status].join(", ")}: ${messageOf(error)}`);
  });
  const server = await startServer(verifier, {
    ...{ host, port, credits, idleSeconds, perAddress, connections, version: version() },
    ...(token !== undefined && { token }),
    onError: (error, requestId) => {
      log.error({ err: error, requestId }, "a request failed");
    },
  }).catch(async (error: unknown) => {
    await verifier.close();
    throw startFailure(error);
  });
  log.info({ host, port: server.port, workers: verifier.stats.workers }, "verifying");
  const signal = await interruption();
  log.info({ signal }, "stopping: answering what is in work");
  await server.close();
  await verifier.close();
  log.info("stopped");
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
