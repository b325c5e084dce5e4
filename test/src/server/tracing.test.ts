import { context, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import { spanSink } from "../../../src/server/tracing.js";
import { at, card, startStation } from "../../support/server.js";

/** Spans as the OpenTelemetry SDK records them. */
describe("spans", () => {
  afterEach(() => {
    trace.disable();
    context.disable();
  });

  it("are given to nobody where no SDK was registered", () => {
    expect(spanSink()).toBeUndefined();
  });

  it("tell of each request and frame: the whole, its wait for a turn, its parts in the engine", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    const station = await startStation();
    const client = new HufuClient(station.url);
    await client.verify(card, { at });
    const body = JSON.stringify({ items: Array.from({ length: 300 }, () => card), at });
    await fetch(`http://127.0.0.1:${station.port}/v1/verify`, { method: "POST", body });
    client.close();
    await station.stop();
    await provider.forceFlush();

    const spans = exporter.getFinishedSpans();
    const wholes = spans.filter(({ name }) => name === "hufu.request");
    expect(wholes.map(({ attributes }) => attributes)).toEqual(
      expect.arrayContaining([
        { "hufu.lane": expect.any(String) as string, "hufu.items": 1 },
        { "hufu.lane": "bulk", "hufu.items": 300 },
      ]),
    );
    for (const whole of wholes) {
      const within = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === whole.spanContext().spanId);
      expect(within.map(({ name }) => name).filter((name) => name === "hufu.schedule")).toHaveLength(1);
      const parts = within.filter(({ name }) => name === "hufu.engine");
      const texts = parts.reduce((sum, { attributes }) => sum + Number(attributes["hufu.items"]), 0);
      expect(texts).toBe(whole.attributes["hufu.items"]);
    }
    // Nothing of a card is in a span.
    expect(JSON.stringify(spans.map(({ attributes, name }) => [attributes, name]))).not.toContain(card.slice(0, 20));
  });
});
