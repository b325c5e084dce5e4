/** An option that nobody reads: misspelt, it would silently stand for the default. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
}

/** One entry for every option of T, so that the compiler asks for those that are added. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** Refuse options that `whose` does not know. Throws OptionsError, which lists those it knows. */
export function checkOptions<T>(whose: string, options: T, known: OptionNames<T>): void {
  if (typeof options !== "object" || options === null) throw new OptionsError(`${whose} takes a map of options`);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const names = Object.keys(known).join(", ");
  throw new OptionsError(`${JSON.stringify(unknown)} is not an option of ${whose}: there are ${names}`);
}
