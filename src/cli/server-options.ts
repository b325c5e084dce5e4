import { type Command, Option } from "commander";
import { ConfigError, type Setting, SETTINGS, SETTING_NAMES } from "../server/config.js";
import { UsageError } from "./errors.js";

export const SERVER_GROUP = "The verifier's service:";

/** A flag for each setting that may stand on a command line; a token may not: others would see it. */
export function withServerOptions(command: Command): Command {
  command.helpGroup(SERVER_GROUP).option("--config <file>", "settings as a JSON object (HUFU_CONFIG)");
  for (const name of SETTING_NAMES) {
    const { variable, about, fallback, kind, secret } = SETTINGS[name];
    if (secret === true) continue;
    const shown =
      fallback === undefined || fallback === false || Array.isArray(fallback) ? "" : `, ${fallback} by default`;
    const option = new Option(`--${flagOf(name)}${VALUES[kind]}`, `${about}${shown} (${variable})`);
    if (kind === "number") option.argParser((text) => (text.trim() === "" ? text : Number(text)));
    command.addOption(option);
  }
  return command;
}

const VALUES = { list: " <file...>", names: " <name...>", number: " <n>", text: " <value>", switch: "" };

function flagOf(name: Setting): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

/** What `work` gives, with its complaints about settings as those of a command. */
export function readingSettings<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, "`hufu config` shows where each comes from");
    throw error;
  }
}
