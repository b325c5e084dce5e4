import type { Command } from "commander";
import type { VerifyRequest } from "../format/verdict.js";
import { isRequestField, readRequest, REQUEST_FIELDS, RequestError } from "../format/wire/request.js";
import { UsageError } from "./errors.js";

/** What a relying party asks of a card, on a command line. */
export type RequestOptions = Partial<Record<keyof VerifyRequest | "expectId" | "expectName", string | boolean>>;

const FLAGS = Object.entries(REQUEST_FIELDS).flatMap(([name, { flag, description }]) => {
  return flag === undefined
    ? []
    : [{ name, ...flag, about: description.charAt(0).toLowerCase() + description.slice(1) }];
});

/** Those that a whole book of customers has in common. */
const OF_A_BOOK: readonly string[] = ["purpose", "region", "audience", "at"];

export function withBookOptions(command: Command): Command {
  for (const { name, value, about } of FLAGS) {
    if (OF_A_BOOK.includes(name)) command.option(`--${name} <${value}>`, about);
  }
  return command;
}

export function withRequestOptions(command: Command): Command {
  for (const { name, value, about } of FLAGS) command.option(`--${name} <${value}>`, about);
  return command
    .option("--expect-id <number>", "the number that the card must have; x is as good as X")
    .option("--expect-name <name>", "the name that the card must have; what may be the same is left to you");
}

/** Of the options of a command, those that are a request's. */
export function requestFrom(options: RequestOptions): VerifyRequest {
  const { expectId, expectName, ...given } = options as Record<string, string | undefined>;
  const asked: Record<string, string | undefined> = Object.fromEntries(FLAGS.map(({ name }) => [name, given[name]]));
  try {
    const expect = {
      ...(expectId !== undefined && { id: expectId }),
      ...(expectName !== undefined && { name: expectName }),
    };
    return readRequest({ ...asked, ...(Object.keys(expect).length > 0 && { expect }) });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { field = "" } = error;
    const remedy = isRequestField(field) ? REQUEST_FIELDS[field].flag?.remedy : undefined;
    if (field === "expect") throw new UsageError(`cannot take --expect-id or --expect-name: ${error.message}`);
    throw new UsageError(`cannot take --${field} ${asked[field] ?? ""}: ${error.message}`, remedy);
  }
}
