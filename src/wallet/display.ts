/** Tells whether anyone can look: a browser's document. */
export interface Screen {
  readonly visibilityState: string;
  addEventListener(type: "visibilitychange", listener: () => void): void;
  removeEventListener(type: "visibilitychange", listener: () => void): void;
}

/** What is drawn: a QR text, or undefined for nothing at all. `error` says why there is none. */
export type Draw = (text: string | undefined, error?: unknown) => void;

export interface DisplayOptions {
  /** Milliseconds for which one text is shown; 30,000 when absent. A gate takes it for 60 s. */
  every?: number;
  /** The page's document where there is one. */
  screen?: Screen;
}

/**
 * Shows texts, each for a while. Whenever nobody can look nothing is drawn, so that the first that is seen after the phone
 * wakes is a new text or none, never an old one that a gate would refuse.
 */
export class Display {
  readonly #every: number;
  readonly #screen: Screen | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Which text is awaited: of those that come late, none is drawn. */
  #turn = 0;

  constructor(
    private readonly make: () => Promise<string>,
    private readonly draw: Draw,
    { every = 30_000, screen = (globalThis as { document?: Screen }).document }: DisplayOptions = {},
  ) {
    this.#every = every;
    this.#screen = screen;
    screen?.addEventListener("visibilitychange", this.renew);
    this.renew();
  }

  /** Draws a new text now: the claims have changed, or the gate shows another number. */
  readonly renew = (): void => {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    if (this.#screen?.visibilityState === "hidden") {
      this.draw(undefined);
      return;
    }
    this.make().then(
      (text) => {
        if (turn !== this.#turn) return;
        this.draw(text);
        this.#waitFrom(performance.now());
      },
      (error: unknown) => {
        if (turn !== this.#turn) return;
        this.draw(undefined, error);
        this.#waitFrom(performance.now());
      },
    );
  };

  /** Nothing is drawn from now on, and nothing is left on the screen. */
  stop(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#screen?.removeEventListener("visibilitychange", this.renew);
    this.draw(undefined);
  }

  #waitFrom(start: number): void {
    this.#timer = setTimeout(() => {
      // A timer that is late by as much again has slept, and what is on the screen has grown old.
      if (performance.now() - start > 2 * this.#every) this.draw(undefined);
      this.renew();
    }, this.#every);
  }
}
