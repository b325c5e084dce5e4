import { type Context, context, isSpanContextValid, type Span, trace, type Tracer } from "@opentelemetry/api";
import type { Lane } from "../format/wire/frame.js";

/** Where spans go that the process was told to record. */
export type SpanSink = Tracer;

/**
 * Where an OpenTelemetry SDK was registered before the server started, what spans are given to; else undefined, and then
 * nothing is done for them, not even asked.
 */
export function spanSink(): SpanSink | undefined {
  const tracer = trace.getTracer("hufu");
  const start = tracer.startSpan("hufu.start");
  start.end();
  // Sampled or not, what an SDK begins has an id.
  return isSpanContextValid(start.spanContext()) ? tracer : undefined;
}

/** The spans of one request or frame: the whole, its wait for a turn, and each of its parts in the engine. */
export class WorkSpans {
  readonly #sink: SpanSink;
  readonly #whole: Span;
  readonly #within: Context;
  #wait: Span | undefined;

  constructor(sink: SpanSink, lane: Lane, items: number) {
    this.#sink = sink;
    this.#whole = sink.startSpan("hufu.request", { attributes: { "hufu.lane": lane, "hufu.items": items } });
    this.#within = trace.setSpan(context.active(), this.#whole);
    this.#wait = sink.startSpan("hufu.schedule", {}, this.#within);
  }

  /** So many texts go to the engine; returns what tells that they are answered. */
  handOver(items: number): () => void {
    this.#endWait();
    const span = this.#sink.startSpan("hufu.engine", { attributes: { "hufu.items": items } }, this.#within);
    return () => {
      span.end();
    };
  }

  refused(): void {
    this.#whole.setAttribute("hufu.busy", true);
    this.end();
  }

  end(): void {
    this.#endWait();
    this.#whole.end();
  }

  #endWait(): void {
    this.#wait?.end();
    this.#wait = undefined;
  }
}
