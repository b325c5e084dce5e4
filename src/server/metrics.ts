import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { VerifierStats } from "../engine/verifier.js";
import type { CodeName, Verdict } from "../format/verdict.js";
import type { Lane } from "../format/wire/frame.js";

/** By which door a text came in. */
export type Door = "http" | "stream";

/** How a text came in, and among what it took its turn. */
export interface Way {
  readonly door: Door;
  readonly lane: Lane;
}

function byLane(): Record<Lane, Map<CodeName, number>> {
  return { gate: new Map(), bulk: new Map() };
}

/** Seconds; from an idle machine's fraction of a millisecond to the pool's deadline. */
const BUCKETS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256];

/** One of several values of a gauge. */
export type Labelled = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Prometheus metrics. The hot path only counts in plain maps; the rest is read when someone asks. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counts: Record<Door, Record<Lane, Map<CodeName, number>>> = { http: byLane(), stream: byLane() };
  readonly #duration: Histogram<"door">;
  readonly #wait: Histogram<"lane">;
  readonly #lane: Histogram<"lane">;
  readonly #batchItems: Histogram;
  readonly #batchDuration: Histogram;

  constructor(stats: () => VerifierStats) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: "hufu_" });
    const counts = this.#counts;
    new Counter({
      name: "hufu_verdicts_total",
      help: "Verdicts given",
      labelNames: ["door", "lane", "code"],
      registers,
      collect() {
        this.reset();
        for (const [door, lanes] of Object.entries(counts)) {
          for (const [lane, byCode] of Object.entries(lanes)) {
            for (const [code, count] of byCode) this.inc({ door, lane, code }, count);
          }
        }
      },
    });
    this.#duration = new Histogram({
      name: "hufu_request_duration_seconds",
      help: "From the arrival of a whole request or frame to its answer, its wait for a turn included",
      labelNames: ["door"],
      buckets: BUCKETS,
      registers,
    });
    const timed = <L extends string>(name: string, help: string, ...labelNames: L[]): Histogram<L> =>
      new Histogram({ name, help, labelNames, buckets: BUCKETS, registers });
    this.#wait = timed("hufu_queue_wait_seconds", "What a request or frame waited for its turn, or till it was BUSY", "lane"); // prettier-ignore
    this.#lane = timed("hufu_lane_duration_seconds", "From the wish for a turn to the last verdict", "lane");
    this.#batchDuration = timed("hufu_batch_duration_seconds", "From the sealing of a batch to its verdicts");
    this.#batchItems = new Histogram({
      name: "hufu_batch_items",
      help: "Texts of a batch",
      buckets: BATCH_BUCKETS,
      registers,
    });
    this.gauge("hufu_slabs", "Slabs in the ring", () => stats().slabs);
    this.gauge("hufu_slabs_free", "Slabs free for another batch", () => stats().slabsFree);
    this.gauge("hufu_workers", "Worker threads", () => stats().workers);
    this.gauge("hufu_trust_epoch", "Epoch of the trust list in force", () => stats().trustEpoch);
    this.gauge("hufu_status_epoch", "Newest epoch of status in force, 0 for none", () => stats().statusEpoch);
    this.counter("hufu_batches_total", "Batches verified", () => stats().batches);
    this.counter(
      "hufu_workers_replaced_total",
      "Workers or instances replaced after a failure",
      () => stats().replaced,
    );
  }

  /** Tell a value that is known at the moment of a scrape. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The same for values of which there are several at a time, told apart by labels. */
  gauges(name: string, help: string, labelNames: readonly string[], read: () => readonly Labelled[]): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  /** Tell counts that are kept elsewhere, told apart by labels. */
  counters(name: string, help: string, labelNames: readonly string[], read: () => readonly Labelled[]): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  /** Tell a count that is kept elsewhere. */
  counter(name: string, help: string, read: () => number): void {
    new Counter({ name, help, registers: [this.#registry], collect: absolute(read) });
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Verdicts that were given, by whomever: BUSY is one of them. */
  answered({ door, lane }: Way, verdicts: readonly Verdict[]): void {
    const counts = this.#counts[door][lane];
    for (const { code } of verdicts) counts.set(code, (counts.get(code) ?? 0) + 1);
  }

  /** A whole request or frame is answered that `came` when performance.now() said so. */
  took(door: Door, came: number): void {
    this.#duration.observe({ door }, (performance.now() - came) / 1000);
  }

  /** A request or frame has had its turn, or has been refused, after so many milliseconds. */
  waited(lane: Lane, milliseconds: number): void {
    this.#wait.observe({ lane }, milliseconds / 1000);
  }

  /** It has its last verdict. */
  answeredAfter(lane: Lane, milliseconds: number): void {
    this.#lane.observe({ lane }, milliseconds / 1000);
  }

  /** A batch has come back from its worker. */
  batch(items: number, milliseconds: number): void {
    this.#batchItems.observe(items);
    this.#batchDuration.observe(milliseconds / 1000);
  }
}

/** A counter kept elsewhere. */
function absolute(read: () => number): (this: Counter) => void {
  return function () {
    this.reset();
    this.inc(read());
  };
}
