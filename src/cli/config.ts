import type { Command } from "commander";
import { gather, type Setting, SETTING_NAMES, SETTINGS } from "../server/config.js";
import { MASK, masked } from "../feed/address.js";
import { paint, print, printJson } from "./output.js";
import { readingSettings, withServerOptions } from "./server-options.js";

export function register(program: Command): void {
  withServerOptions(program.command("config"))
    .description("show each setting of the verifier's service and where it comes from")
    .option("--json", "print one JSON document")
    .action((options: Record<string, unknown>) => {
      const { values, sources } = readingSettings(() => gather(options, process.env));
      const rows = SETTING_NAMES.map((name) => {
        const value = shown(name, values[name]);
        return { name, value: value ?? null, source: sources[name], variable: SETTINGS[name].variable };
      });
      if (options["json"] === true) {
        printJson(Object.fromEntries(rows.map(({ name, value, source }) => [name, { value, source }])));
        return;
      }
      for (const { name, value, source, variable } of rows) {
        const text =
          value === null ? paint.dim("unset") : Array.isArray(value) ? value.join(" ") : `${value as string | number}`;
        print(`${name.padEnd(13)} ${text.padEnd(24)} ${paint.dim(`${source.padEnd(12)} ${variable}`)}`);
      }
    });
}

/** A setting's value without anything that is secret in it. */
function shown(name: Setting, value: unknown): unknown {
  if (SETTINGS[name].secret === true && value !== undefined) return MASK;
  if (Array.isArray(value)) return value.map((one: unknown) => shown(name, one));
  return typeof value === "string" ? masked(value) : value;
}
