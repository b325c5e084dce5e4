import { Option, type Command } from "commander";
import type { AuditEvent, AuditFilter, AuditRow } from "../authority/store/audit.js";
import { fromHex, toHex } from "../format/bytes.js";
import { parseTime } from "../format/time.js";
import { rfc3339, withAuthority, withData, type DataOptions } from "./authority.js";
import { UsageError } from "./errors.js";
import { note, paint, print, printable, printJson } from "./output.js";

const ACTIONS = [
  "initialise",
  "record",
  "issue",
  "supersede",
  "void",
  "revoke",
  "suspend",
  "reinstate",
  "publish",
] as const satisfies AuditEvent["action"][];

interface AuditOptions extends DataOptions {
  actor?: string;
  action?: AuditEvent["action"];
  since?: string;
  until?: string;
  json?: true;
}

export function register(program: Command): void {
  withData(program.command("audit"))
    .description("show what was done, by whom and when")
    .argument("[card]", "only of this card: ID number, or credential id (32 hex digits)")
    .option("--actor <name>", "only what this one did")
    .addOption(new Option("--action <action>", "only this").choices(ACTIONS))
    .option("--since <time>", "only from this moment on, as RFC 3339")
    .option("--until <time>", "only before this moment, as RFC 3339")
    .option("--json", "a JSON object a line")
    .action(run);
}

async function run(card: string | undefined, options: AuditOptions): Promise<void> {
  const filter: AuditFilter = {};
  const credential = card?.length === 32 ? fromHex(card) : undefined;
  if (credential !== undefined) filter.credential = credential;
  else if (card !== undefined) filter.idNumber = card.toUpperCase();
  if (options.actor !== undefined) filter.actor = options.actor;
  if (options.action !== undefined) filter.action = options.action;
  if (options.since !== undefined) filter.since = timeFrom("--since", options.since);
  if (options.until !== undefined) filter.until = timeFrom("--until", options.until);
  let count = 0;
  await withAuthority(options, async (authority) => {
    for await (const event of authority.audit(filter)) {
      if (options.json) printJson(shown(event));
      else print(lineOf(event));
      count++;
    }
  });
  if (!options.json) note(`${count} ${count === 1 ? "event" : "events"}`);
}

function shown({ number, at, actor, action, credential, idNumber, detail }: AuditRow): object {
  return {
    number,
    at: rfc3339(at),
    actor,
    action,
    ...(credential !== null && { credential: toHex(credential) }),
    ...(idNumber !== null && { id: idNumber }),
    detail,
  };
}

function lineOf({ at, actor, action, credential, idNumber, detail }: AuditRow): string {
  const about = credential === null ? "" : `  ${toHex(credential)}  ${idNumber ?? ""}`;
  const details = Object.entries(detail).map(([name, value]) => `${name} ${value}`);
  // Whoever gave a reason or a name may have meant to look like a line of ours.
  return (
    printable(`${rfc3339(at)}  ${action.padEnd(10)}  ${actor}${about}`) +
    paint.dim(printable(`  ${details.join(", ")}`))
  );
}

function timeFrom(option: string, text: string): Date {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new UsageError(`${option} ${text} is not a time`, "write it as RFC 3339, such as 2026-10-01T08:00:00+08:00");
}
