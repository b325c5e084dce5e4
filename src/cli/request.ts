import type { Command } from "commander";
import type { VerifyRequest } from "../format/verdict.js";
import { isRequestField, readRequest, REQUEST_FIELDS, RequestError } from "../format/wire/request.js";
import { UsageError } from "./errors.js";

/** What a relying party asks of a card, on a command line. */
export type RequestOptions = Partial<Record<keyof VerifyRequest, string | boolean>>;

const FLAGS = Object.entries(REQUEST_FIELDS).flatMap(([name, { flag, description }]) => {
  return flag === undefined
    ? []
    : [{ name, ...flag, about: description.charAt(0).toLowerCase() + description.slice(1) }];
});

export function withRequestOptions(command: Command): Command {
  for (const { name, value, about } of FLAGS) command.option(`--${name} <${value}>`, about);
  return command;
}

/** Of the options of a command, those that are a request's. */
export function requestFrom(options: RequestOptions): VerifyRequest {
  const asked = Object.fromEntries(
    FLAGS.map(({ name }) => [name, (options as Record<string, string | undefined>)[name]]),
  );
  try {
    return readRequest(asked);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { field = "" } = error;
    const remedy = isRequestField(field) ? REQUEST_FIELDS[field].flag?.remedy : undefined;
    throw new UsageError(`cannot take --${field} ${asked[field] ?? ""}: ${error.message}`, remedy);
  }
}
