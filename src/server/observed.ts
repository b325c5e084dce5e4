import type { Lane } from "../format/wire/frame.js";
import type { Metrics } from "./metrics.js";
import type { Work } from "./schedule.js";
import { type SpanSink, WorkSpans } from "./tracing.js";

/** Work as it goes through the schedule, whose waiting and answering is told. */
export type Observe = (lane: Lane, work: Work) => Work;

/** `sink`: where spans go too; nothing is done for them without one. */
export function observing(metrics: Metrics, sink?: SpanSink): Observe {
  return (lane, work) => {
    const came = performance.now();
    const spans = sink && new WorkSpans(sink, lane, work.count);
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
        const answered = spans?.handOver(to - from);
        work.submit(from, to, () => {
          answered?.();
          left -= to - from;
          if (left === 0) {
            metrics.answeredAfter(lane, performance.now() - came);
            spans?.end();
          }
          done();
        });
      },
      refuse: (...why: Parameters<Work["refuse"]>) => {
        begin();
        work.refuse(...why);
        spans?.refused();
      },
    };
  };
}
