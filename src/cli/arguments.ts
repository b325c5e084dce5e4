import { InvalidArgumentError } from "commander";

/** Numbers on a command line. They throw InvalidArgumentError, which names the option. */

export function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("give a whole number");
  return Number(text);
}

export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError("a port is 0 to 65535");
  return port;
}
