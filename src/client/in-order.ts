/**
 * `ask` for each item of `source` and yield the answers in the order of the items, with at most `window` asked for and
 * not yet read. An answer is yielded as soon as it is there and those before it were read, however slow the source.
 */
export async function* inOrder<Item, Answer>(
  source: Iterable<Item> | AsyncIterable<Item>,
  ask: (item: Item) => Promise<Answer>,
  window: number,
): AsyncGenerator<Answer, void, undefined> {
  const asked: Promise<Answer>[] = [];
  const state = new State();

  const fill = async (): Promise<void> => {
    try {
      for await (const item of source) {
        while (asked.length >= window && !state.ended) await state.changed();
        if (state.ended) return;
        const answer = ask(item);
        // Its turn to be awaited may come after it was rejected.
        answer.catch(() => undefined);
        asked.push(answer);
        state.change();
      }
    } catch (error) {
      state.failure = { error };
    } finally {
      state.ended = true;
      state.change();
    }
  };

  void fill();
  try {
    for (;;) {
      const [next] = asked;
      if (next !== undefined) {
        const answer = await next;
        void asked.shift();
        state.change();
        yield answer;
      } else if (state.ended) {
        break;
      } else {
        await state.changed();
      }
    }
  } finally {
    state.ended = true;
    state.change();
  }
  if (state.failure !== undefined) throw state.failure.error;
}

/** How far the two ends are; wakes whoever waits for a change. */
class State {
  /** The source has no more, or the reader wants no more. */
  ended = false;
  failure: { error: unknown } | undefined;
  #waiting: (() => void)[] = [];

  change(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
