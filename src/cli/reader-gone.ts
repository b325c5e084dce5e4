/**
 * A reader of our output that has seen enough, as in `hufu cards | head`, is no failure. Told apart here from the signal
 * SIGPIPE, which any lost connection raises once somebody listens to it: Node ignores it otherwise, and must go on to.
 */
const listeners = new Set<() => void>();

/** Returns what takes the listener away. While there is one, it ends the process, and nothing else does. */
export function onReaderGone(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Whether somebody listened. */
export function readerIsGone(): boolean {
  for (const listener of listeners) listener();
  return listeners.size > 0;
}
