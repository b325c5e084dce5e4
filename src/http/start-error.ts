/** Why the server cannot start and what helps, each one clause. */
export class StartError extends Error {
  override readonly name = "StartError";
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}
