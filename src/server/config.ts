import { delimiter } from "node:path";
import { z } from "zod";
import { readBoundedSync } from "../engine/bounded-file.js";
import { stateFolderOf } from "../engine/state-folder.js";
import { MAX_SETTINGS_FILE_LENGTH } from "../abi/limits.js";
import { decodeText } from "../format/text.js";
import { readFeedAddress } from "../feed/address.js";
import { isNetwork } from "../http/peers.js";
import { token } from "./token.js";

/**
 * Configuration of the server: flags over HUFU_* environment over a JSON file over defaults, checked before anything
 * starts. The table below is all there is to know of a setting.
 */
const whole = (least: number, most: number): z.ZodInt => z.int().min(least).max(most);
const files = z.array(z.string().min(1));
const hostName = z
  .string()
  .regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/, "a name is without scheme and port");
const origin = z.string().refine((text) => {
  return URL.canParse(text) && new URL(text).origin === text;
}, "an origin is written as browsers do: scheme, name and port if it is not the scheme's own, and nothing after");
const network = z.string().refine(isNetwork, "a network is an address, or one with the length of its prefix");
const place = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    try {
      readFeedAddress(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : "it cannot be read");
    }
  });

const settings = z.strictObject({
  host: z.string().min(1),
  port: whole(0, 65_535),
  trust: files,
  status: files,
  feed: place.optional(),
  statusMaxAge: whole(1, 366 * 86_400).optional(),
  withoutStatus: z.boolean(),
  state: z.string().min(1),
  policy: z.string().min(1).optional(),
  workers: whole(1, 256).optional(),
  token: token.optional(),
  tokens: z.string().min(1).optional(),
  credits: whole(1, 65_536),
  idleSeconds: whole(0, 86_400),
  perAddress: whole(1, 65_536),
  connections: whole(1, 1_000_000),
  allowHost: z.array(hostName),
  cors: z.array(origin),
  trustProxy: z.array(network),
  healthPort: whole(0, 65_535).optional(),
  tlsCert: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
  tlsClientCa: z.string().min(1).optional(),
  logLevel: z.enum(["silent", "error", "warn", "info", "debug"]),
});

const SCHEMA = settings
  .refine(({ trust, feed }) => trust.length > 0 || feed !== undefined, {
    path: ["trust"],
    message: "name at least one trust source, with --trust, or a feed, with --feed",
  })
  .refine(({ status, withoutStatus }) => status.length === 0 || !withoutStatus, {
    path: ["withoutStatus"],
    message: "it contradicts --status: leave one of them out",
  })
  .refine(({ tlsCert, tlsKey }) => tlsCert === undefined || tlsKey !== undefined, {
    path: ["tlsCert"],
    message: "name its key too, with --tls-key",
  })
  .refine(({ tlsCert, tlsKey }) => tlsKey === undefined || tlsCert !== undefined, {
    path: ["tlsKey"],
    message: "name its certificate too, with --tls-cert",
  })
  .refine(({ tlsCert, tlsClientCa }) => tlsClientCa === undefined || tlsCert !== undefined, {
    path: ["tlsClientCa"],
    message: "clients show certificates over TLS alone: name the server's own, with --tls-cert",
  });

export type Config = z.infer<typeof settings>;
export type Setting = keyof Config;
export type Source = "flag" | "environment" | "file" | "default";

interface Description {
  variable: string;
  about: string;
  fallback?: Config[Setting];
  /** Of a list, the environment has files as PATH has them, and names with commas between. */
  kind: "text" | "number" | "list" | "names" | "switch";
  secret?: true;
}

export const SETTINGS: Readonly<Record<Setting, Description>> = {
  host: { variable: "HUFU_HOST", about: "address to listen on", fallback: "127.0.0.1", kind: "text" },
  port: { variable: "HUFU_PORT", about: "port to listen on, 0 for any that is free", fallback: 8080, kind: "number" },
  trust: { variable: "HUFU_TRUST", about: "trust lists, JWKS, PEM keys and certificates", fallback: [], kind: "list" },
  status: { variable: "HUFU_STATUS", about: "status snapshots and deltas", fallback: [], kind: "list" },
  feed: {
    variable: "HUFU_FEED",
    about: "folder or URL to follow for trust list, snapshots and deltas; with --trust its lists must have that root",
    kind: "text",
  },
  statusMaxAge: {
    variable: "HUFU_STATUS_MAX_AGE",
    about: "seconds after which good is stale, whatever the snapshot allows",
    kind: "number",
  },
  withoutStatus: {
    variable: "HUFU_WITHOUT_STATUS",
    about: "accept cards though nothing tells their status (revoked ones too)",
    fallback: false,
    kind: "switch",
  },
  state: {
    variable: "HUFU_STATE",
    about: "folder for what must outlive a restart, or none to forget it each time",
    kind: "text",
  },
  policy: { variable: "HUFU_POLICY", about: "acceptance policy, JSON", kind: "text" },
  workers: { variable: "HUFU_WORKERS", about: "worker threads; one for each core by default", kind: "number" },
  token: { variable: "HUFU_TOKEN", about: "bearer token that clients must show", kind: "text", secret: true },
  tokens: {
    variable: "HUFU_TOKENS",
    about: "file of tokens, each with the purposes it is for, JSON",
    kind: "text",
  },
  credits: { variable: "HUFU_CREDITS", about: "items one stream may have unanswered", fallback: 4_096, kind: "number" },
  idleSeconds: {
    variable: "HUFU_IDLE_SECONDS",
    about: "seconds without a frame after which a stream is closed, 0 for never",
    fallback: 600,
    kind: "number",
  },
  perAddress: {
    variable: "HUFU_PER_ADDRESS",
    about: "streams, and HTTP requests at work, from one address",
    fallback: 256,
    kind: "number",
  },
  connections: { variable: "HUFU_CONNECTIONS", about: "connections in all", fallback: 10_000, kind: "number" },
  allowHost: {
    variable: "HUFU_ALLOW_HOST",
    about: "names of the server, beside localhost and that of --host, where no token is demanded",
    fallback: [],
    kind: "names",
  },
  cors: {
    variable: "HUFU_CORS",
    about: "origins of web pages that may use the server",
    fallback: [],
    kind: "names",
  },
  trustProxy: {
    variable: "HUFU_TRUST_PROXY",
    about: "proxies that are believed whose a request is: addresses, or networks such as 10.0.0.0/8",
    fallback: [],
    kind: "names",
  },
  healthPort: {
    variable: "HUFU_HEALTH_PORT",
    about: "port for /livez, /readyz, /version and /metrics alone, HTTP/1.0 as well",
    kind: "number",
  },
  tlsCert: {
    variable: "HUFU_TLS_CERT",
    about: "certificate to speak TLS by, PEM, with those between it and its root",
    kind: "text",
  },
  tlsKey: { variable: "HUFU_TLS_KEY", about: "its private key, PEM, without a passphrase", kind: "text" },
  tlsClientCa: {
    variable: "HUFU_TLS_CLIENT_CA",
    about: "certificates of whoever signs those of clients, PEM: each client must then show one",
    kind: "text",
  },
  logLevel: {
    variable: "HUFU_LOG_LEVEL",
    about: "silent, error, warn, info or debug",
    fallback: "info",
    kind: "text",
  },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as Setting[];

/** Names the setting that is wrong, where it came from, and what it should be. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface Configuration {
  config: Config;
  sources: Readonly<Record<Setting, Source>>;
}

/** Each setting from the first source that has it, and that source. Nothing is checked yet. */
export function gather(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): { values: Record<string, unknown>; sources: Record<Setting, Source> } {
  const path = typeof flags["config"] === "string" ? flags["config"] : environment["HUFU_CONFIG"];
  const file = path === undefined ? {} : readFile(path);
  const values: Record<string, unknown> = {};
  const sources = {} as Record<Setting, Source>;
  for (const name of SETTING_NAMES) {
    const { variable, fallback, kind } = SETTINGS[name];
    const candidates: [Source, unknown][] = [
      ["flag", flags[name]],
      ["environment", parse(environment[variable], kind)],
      ["file", file[name]],
    ];
    const byDefault = name === "state" ? stateFolderOf(undefined, environment) : fallback;
    const [source, value] = candidates.find(([, candidate]) => candidate !== undefined) ?? ["default", byDefault];
    sources[name] = source;
    if (value !== undefined) values[name] = value;
  }
  return { values, sources };
}

/** The whole configuration, checked. Throws ConfigError. */
export function configure(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): Configuration {
  const { values, sources } = gather(flags, environment);
  const parsed = SCHEMA.safeParse(values);
  if (parsed.success) return { config: parsed.data, sources };
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "") as Setting;
  throw new ConfigError(`${name} (${sources[name]}, ${SETTINGS[name].variable}) is wrong: ${issue?.message ?? ""}`);
}

function readFile(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(readBoundedSync(path, MAX_SETTINGS_FILE_LENGTH)));
  } catch (error) {
    throw new ConfigError(`cannot read the configuration ${path}: ${error instanceof Error ? error.message : ""}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(`the configuration ${path} is not a JSON object`);
  }
  const unknown = Object.keys(value).find((key) => !(SETTING_NAMES as string[]).includes(key));
  if (unknown !== undefined) throw new ConfigError(`${unknown} in ${path} is not a setting: see \`hufu config\``);
  return value as Record<string, unknown>;
}

/** What is not a number or a switch stays text, for the check to name. */
function parse(text: string | undefined, kind: Description["kind"]): unknown {
  if (text === undefined || text === "") return undefined;
  if (kind === "list") return text.split(delimiter);
  if (kind === "names") return text.split(",").map((name) => name.trim());
  if (kind === "switch") return SWITCHES[text.toLowerCase()] ?? text;
  return kind === "number" && Number.isFinite(Number(text)) ? Number(text) : text;
}

const SWITCHES: Partial<Record<string, boolean>> = {
  1: true,
  true: true,
  yes: true,
  0: false,
  false: false,
  no: false,
};
