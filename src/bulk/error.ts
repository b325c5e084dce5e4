export type BulkErrorCode =
  | "INPUT_UNREADABLE"
  | "NOT_TEXT"
  | "NO_HEADER"
  | "COLUMN_MISSING"
  | "COLUMN_TWICE"
  | "COLUMN_TAKEN"
  | "OUTPUT_EXISTS"
  | "OUTPUT_IS_INPUT"
  | "OUTPUT_IN_USE"
  | "OUTPUT_CHANGED"
  | "OUTPUT_UNWRITABLE"
  | "OTHER_JOB"
  | "BAD_CHECKPOINT"
  | "ROWS_DIFFER";

/** Why a job cannot go on, and what helps, each one clause. What was written so far stays, and can be gone on with. */
export class BulkError extends Error {
  override readonly name = "BulkError";
  constructor(
    readonly code: BulkErrorCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}
