import type { Command } from "commander";
import { gather, SETTING_NAMES, SETTINGS } from "../server/config.js";
import { paint, print, printJson } from "./output.js";
import { readingSettings, withServerOptions } from "./server-options.js";

export function register(program: Command): void {
  withServerOptions(program.command("config"))
    .description("show each setting of the verifier's service and where it comes from")
    .option("--json", "print one JSON document")
    .action((options: Record<string, unknown>) => {
      const { values, sources } = readingSettings(() => gather(options, process.env));
      const rows = SETTING_NAMES.map((name) => {
        const value = SETTINGS[name].secret === true && values[name] !== undefined ? "********" : values[name];
        return { name, value: value ?? null, source: sources[name], variable: SETTINGS[name].variable };
      });
      if (options["json"] === true) {
        printJson(Object.fromEntries(rows.map(({ name, value, source }) => [name, { value, source }])));
        return;
      }
      for (const { name, value, source, variable } of rows) {
        const shown =
          value === null ? paint.dim("unset") : Array.isArray(value) ? value.join(" ") : `${value as string | number}`;
        print(`${name.padEnd(12)} ${shown.padEnd(24)} ${paint.dim(`${source.padEnd(12)} ${variable}`)}`);
      }
    });
}
