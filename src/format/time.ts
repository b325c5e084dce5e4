const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * A moment written as RFC 3339 section 5.6, undefined for anything else: a date without a time zone would mean another
 * moment on every machine.
 */
export function parseTime(text: string): Date | undefined {
  const [, date] = RFC3339.exec(text) ?? [];
  if (date === undefined || !isDate(date)) return undefined;
  const time = new Date(text.replace(" ", "T").toUpperCase());
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDate(date: string): boolean {
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
