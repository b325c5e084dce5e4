import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Progress } from "../../../src/cli/progress.js";

function terminal(isTTY: boolean): { isTTY: boolean; written: string[]; write: (text: string) => boolean } {
  const written: string[] = [];
  return { isTTY, written, write: (text) => written.push(text) > 0 };
}

describe("Progress", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("draws one line over and over, not too often, and leaves it", () => {
    const stream = terminal(true);
    const progress = new Progress(true, stream);
    progress.show("ribbons: 10");
    progress.show("ribbons: 11");
    vi.advanceTimersByTime(200);
    progress.show("check: 1");
    progress.end();
    progress.end();
    expect(stream.written).toEqual(["\rribbons: 10", "\rcheck: 1   ", "\n"]);
  });

  it("is silent where nobody looks on", () => {
    for (const [stream, shown] of [
      [terminal(false), true],
      [terminal(true), false],
    ] as const) {
      const progress = new Progress(shown, stream);
      progress.show("10 verified");
      progress.end();
      expect(stream.written).toEqual([]);
    }
  });
});
