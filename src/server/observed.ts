import type { Lane } from "../format/wire/frame.js";
import type { Metrics } from "./metrics.js";
import type { Work } from "./schedule.js";

/** Work as it goes through the schedule, whose waiting and answering is told. */
export type Observe = (lane: Lane, work: Work) => Work;

export function observing(metrics: Metrics): Observe {
  return (lane, work) => {
    const came = performance.now();
    let [hasBegun, left] = [false, work.count];
    const begin = (): void => {
      if (!hasBegun) metrics.waited(lane, performance.now() - came);
      hasBegun = true;
    };
    return {
      count: work.count,
      bytes: work.bytes,
      submit: (from, to, done) => {
        begin();
        work.submit(from, to, () => {
          left -= to - from;
          if (left === 0) metrics.answeredAfter(lane, performance.now() - came);
          done();
        });
      },
      refuse: (...why: Parameters<Work["refuse"]>) => {
        begin();
        work.refuse(...why);
      },
    };
  };
}
