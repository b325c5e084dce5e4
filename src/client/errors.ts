import { CloseCode } from "../format/wire/frame.js";
import type { CodeName } from "../format/verdict.js";

/** Why a question has no verdict: a result code of the server, or one of these. */
export type ClientErrorCode =
  | CodeName
  /** This client was closed. */
  | "CLIENT_CLOSED"
  /** None of the servers could be reached, in so many attempts. */
  | "UNREACHABLE"
  /** There was no answer in time. */
  | "TIMED_OUT"
  /** The token is missing or unknown. */
  | "UNAUTHORIZED"
  /** The token is not for what was asked. */
  | "FORBIDDEN"
  /** The server does not understand this client, or is not a verifier. */
  | "PROTOCOL";

/** A question has no verdict; `code` says why. */
export class HufuClientError extends Error {
  override readonly name = "HufuClientError";
  constructor(
    readonly code: ClientErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Close codes after which the same client would only be closed again. */
const FINAL: ReadonlyMap<number, ClientErrorCode> = new Map([
  [CloseCode.BAD_FRAME, "PROTOCOL"],
  [CloseCode.TOKEN, "UNAUTHORIZED"],
  [CloseCode.SCOPE, "FORBIDDEN"],
  [CloseCode.TOO_LARGE, "PROTOCOL"],
]);

/** What a closed connection means for the questions; undefined where another connection may do. */
export function finalError(closeCode: number, reason: string): HufuClientError | undefined {
  const code = FINAL.get(closeCode);
  return code && new HufuClientError(code, `the server closed the connection: ${reason || closeCode}`);
}
