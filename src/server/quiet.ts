const LOOK_MS = 25;
/** Looks in a row at which nothing had come, after which all that was sent is taken to have been read. */
const QUIET_LOOKS = 6;
/** Looks after which it is enough, quiet or not. */
const MOST_LOOKS = 80;

/**
 * Resolves when `arrived`, a count, has not grown for a while. Between two timers the event loop reads whatever the
 * system holds for it, however late the timers are: it is looks that are counted, not time.
 */
export async function untilQuiet(arrived: () => number): Promise<void> {
  let before = arrived();
  let quiet = 0;
  for (let look = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = arrived();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}
