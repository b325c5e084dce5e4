/** Why a status file was refused. What was in force before stays in force. */
export type StatusErrorCode =
  /** Not a file of this kind. */
  | "UNKNOWN_FORMAT"
  /** A form of status lists that is not read. */
  | "FOREIGN_FORMAT"
  /** A page of a network in the place of what was asked for. */
  | "WEB_PAGE"
  | "TOO_LARGE"
  /** Shorter or longer than it says it is. */
  | "WRONG_LENGTH"
  /** Its header is not one we can read. */
  | "BAD_HEADER"
  /** No trusted key of use "status" has its key id, algorithm and issuer, and was valid at its time. */
  | "UNKNOWN_KEY"
  | "BAD_SIGNATURE"
  /** The body is not the one that was signed. */
  | "BAD_BODY"
  /** Signed, but its parts do not fit together. */
  | "BAD_LAYOUT"
  /** Not newer than what is in force, or older than what was in force before. */
  | "OLD_EPOCH"
  /** Its time or its epoch is too far ahead of the clock. */
  | "IN_FUTURE"
  /** A delta for another base, or for a later state than the one in force. */
  | "WRONG_BASE"
  /** The file is not there or cannot be read. */
  | "UNREADABLE"
  /** Nothing is wrong with it, but there is no room to keep it. */
  | "NOT_STORED";

/** The only error that reading status ends in. The message is one clause, fit for "cannot read FILE: ...". */
export class StatusError extends Error {
  override readonly name = "StatusError";
  constructor(
    readonly code: StatusErrorCode,
    message: string,
    /** Which of several files, from 0. */
    readonly file?: number,
  ) {
    super(message);
  }
}
