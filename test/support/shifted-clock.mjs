// Preloaded into a command: its clock is SHIFTED_CLOCK seconds ahead of this machine's, in every thread.
const shift = Number(process.env.SHIFTED_CLOCK ?? "0") * 1000;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }
  static now() {
    return RealDate.now() + shift;
  }
};
