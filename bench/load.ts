import { setTimeout as sleep } from "node:timers/promises";
import type { Lane } from "../src/format/wire/frame.js";
import { Line, type Target } from "./line.js";
import { Score, type ScoreReport } from "./score.js";
import type { Scan } from "./traffic.js";

/**
 * A load as it comes from gates and banks. With a `rate` it is an open loop: texts come at their times whether or not
 * those before them were answered, and how long an answer takes counts from the moment its text should have been sent,
 * so that a server that stands still does not hide it (coordinated omission). Without one each line asks again as soon as
 * it may, which finds out how much the other end can do and says nothing of how long it takes.
 */
export interface LoadOrders {
  target: Target;
  url: string;
  scans: readonly Scan[];
  lane: Lane;
  connections: number;
  /** Texts of one frame. */
  items: number;
  /** Texts a second, of all connections together; 0 for connections that ask nothing. */
  rate?: number;
  /** Texts of one connection that are unanswered, at most, where there is no rate. */
  window: number;
  milliseconds: number;
  /** Of these so many are not counted. */
  warmUp: number;
}

export type LoadReport = ScoreReport;

/** Connections that are opened at once. */
const OPENED_TOGETHER = 100;
/** What has no answer so long after the last was asked is lost. */
const LOST_AFTER_MS = 5_000;

/** Rejects where a connection cannot be opened, or is closed by the other end. `onOpen`: all are open. */
export async function load(orders: LoadOrders, onOpen: () => void = () => undefined): Promise<LoadReport> {
  const score = new Score(orders.scans);
  const lines: Line[] = [];
  try {
    while (lines.length < orders.connections) {
      const more = Math.min(OPENED_TOGETHER, orders.connections - lines.length);
      lines.push(...(await Promise.all(Array.from({ length: more }, () => Line.open(orders, score)))));
    }
    onOpen();
    score.begin(orders.warmUp);
    if (orders.rate === undefined) await askAgainAndAgain(orders, lines);
    else await askInTime(orders, orders.rate, lines);
    score.end();
    const deadline = performance.now() + LOST_AFTER_MS;
    while (lines.some(({ unanswered, fault }) => unanswered > 0 && fault === undefined) && performance.now() < deadline)
      await sleep(10);
    for (const { fault } of lines) if (fault !== undefined) throw fault;
    return score.report(lines.reduce((sum, { unanswered }) => sum + unanswered, 0));
  } finally {
    for (const line of lines) line.close();
  }
}

async function askAgainAndAgain(orders: LoadOrders, lines: readonly Line[]): Promise<void> {
  const next = sequence(orders);
  const fill = (line: Line): void => {
    while (line.unanswered + orders.items <= Math.min(orders.window, line.credits)) line.ask(next(), performance.now());
  };
  for (const line of lines) {
    line.onAnswer = () => {
      fill(line);
    };
    fill(line);
  }
  await sleep(orders.milliseconds);
  for (const line of lines) line.onAnswer = () => undefined;
}

async function askInTime(orders: LoadOrders, rate: number, lines: readonly Line[]): Promise<void> {
  const next = sequence(orders);
  const framesPerMs = rate / orders.items / 1000;
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < orders.milliseconds) {
    const due = Math.floor((performance.now() - began) * framesPerMs);
    for (; sent < due; sent++) lines[sent % lines.length]?.ask(next(), began + (sent + 1) / framesPerMs);
    await sleep(1);
  }
}

/** The numbers of the texts of one frame after another. */
function sequence({ scans, items }: LoadOrders): () => number[] {
  let at = 0;
  return () => Array.from({ length: items }, () => at++ % scans.length);
}
