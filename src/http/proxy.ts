/**
 * The variable by which an operator means requests to `address` to go through a proxy, where they will not: fetch reads
 * these variables only in a Node that was told so, and older ones do not know how.
 */
export function ignoredProxy(
  address: URL,
  environment: Readonly<Record<string, string | undefined>>,
  version = process.versions.node,
): string | undefined {
  const scheme = address.protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = [scheme, scheme.toUpperCase()].find((name) => (environment[name] ?? "") !== "");
  if (variable === undefined || isExempt(address, environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")) {
    return undefined;
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const able = major >= 24 || (major === 22 && minor >= 21);
  return able && environment["NODE_USE_ENV_PROXY"] === "1" ? undefined : variable;
}

/** Entries are hosts, which stand for those below them too, with a port or without; * stands for all. */
function isExempt({ hostname, host }: URL, exempt: string): boolean {
  return exempt
    .split(/[,\s]+/)
    .map((entry) => entry.toLowerCase().replace(/^\*?\./, ""))
    .some((entry) => entry !== "" && (entry === "*" || [hostname, host].some((one) => one === entry || one.endsWith(`.${entry}`)))); // prettier-ignore
}
