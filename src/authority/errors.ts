/** Why the authority would not do something. */
export type AuthorityErrorCode =
  | "ALREADY_INITIALISED"
  | "NOT_INITIALISED"
  | "STORE_UNAVAILABLE"
  /** Somebody else is at the same work, and did not end it in time. */
  | "STORE_BUSY"
  | "KEY_UNAVAILABLE"
  | "BAD_ADDRESS"
  | "INVALID_PERSON"
  | "ALREADY_ENROLLED"
  | "NOT_FOUND"
  | "WRONG_STATE"
  | "ISSUING_FAILED"
  /** What would be published is not newer than what is. */
  | "WOULD_GO_BACK";

/** What happened and what helps, each one clause: shown as "<message>; <remedy>." */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
  constructor(
    readonly code: AuthorityErrorCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}
