import { EventEmitter, once } from "node:events";
import { describe, expect, it } from "vitest";
import { Display } from "../../../src/wallet/wallet.js";

/** A document that is looked at or not. */
class Page extends EventTarget {
  visibilityState = "visible";
  turn(state: "visible" | "hidden"): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** What is on the screen, frame by frame, of texts numbered as they are made. */
function shown(page: Page | undefined, every: number, make?: (n: number) => Promise<string>) {
  const drawn: (string | undefined)[] = [];
  const frames = new EventEmitter();
  let made = 0;
  const display = new Display(
    () => (make ?? ((n) => Promise.resolve(`QR ${n}`)))(++made),
    (text) => {
      drawn.push(text);
      frames.emit("frame");
    },
    { every, ...(page !== undefined && { screen: page }) },
  );
  const until = async (text: string): Promise<void> => {
    while (!drawn.includes(text)) await once(frames, "frame");
  };
  return { drawn, until, display };
}

describe("a display", () => {
  it("draws a new text as often as it is to, and none once it is stopped", async () => {
    const { drawn, until, display } = shown(undefined, 1);
    await until("QR 3");
    display.stop();
    expect(drawn.filter((text) => text !== undefined)).toEqual(["QR 1", "QR 2", "QR 3"]);
    expect(drawn.at(-1)).toBe(undefined);
  });

  it("is blank while nobody looks, and a new text is the first that is seen again", async () => {
    const page = new Page();
    const { drawn, until, display } = shown(page, 3_600_000);
    await until("QR 1");
    page.turn("hidden");
    page.turn("visible");
    await until("QR 2");
    expect(drawn).toEqual(["QR 1", undefined, "QR 2"]);
    display.stop();
  });

  it("never draws a text that comes when it is hidden already", async () => {
    const page = new Page();
    let finish: (text: string) => void = () => undefined;
    const { drawn, display } = shown(page, 3_600_000, () => new Promise((resolve) => (finish = resolve)));
    page.turn("hidden");
    finish("QR 1");
    await new Promise(setImmediate);
    expect(drawn).toEqual([undefined]);
    display.stop();
  });

  it("is blank where no text can be made, and tries again", async () => {
    const make = (n: number) => (n === 2 ? Promise.reject(new Error("no key")) : Promise.resolve(`QR ${n}`));
    const { drawn, until, display } = shown(undefined, 1, make);
    await until("QR 3");
    display.stop();
    // A blank more is drawn where a timer was late.
    expect(drawn.filter((text, i) => i === 0 || text !== drawn[i - 1])).toEqual(["QR 1", undefined, "QR 3", undefined]);
  });
});
