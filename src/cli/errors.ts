export { reasonOf } from "../engine/reason.js";

/** What a command could not do and what helps, each one clause: printed as `hufu: <message>; <remedy>.` */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

/** Exit statuses of every command (contract §6). */
export const EXIT_ACCEPTED = 0;
export const EXIT_SOME_REFUSED = 1;
export const EXIT_USAGE = 2;
