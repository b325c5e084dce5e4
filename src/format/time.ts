const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * A moment written as RFC 3339 section 5.6, undefined for anything else: a date without a time zone would mean another
 * moment on every machine.
 */
export function parseTime(text: string): Date | undefined {
  if (!RFC3339.test(text)) return undefined;
  const time = new Date(text.replace(" ", "T").toUpperCase());
  return Number.isNaN(time.getTime()) ? undefined : time;
}
