import { Engine } from "../engine/engine.js";

/** Throws unless every QR text is a genuine card, valid at the time (seconds since 1970). */
export type CheckIssued = (qrTexts: readonly string[], at: number) => Promise<void>;

/** Puts finished cards to the engine that relying parties run, with the trust list that they have. */
export async function engineCheck(trustList: Uint8Array): Promise<CheckIssued> {
  const engine = await Engine.create({ trust: trustList, status: "none" });
  return (qrTexts, at) => {
    const verdicts = engine.verifyBatch(qrTexts, { at: new Date(at * 1000) });
    const bad = verdicts.find((verdict) => verdict.code !== "VALID");
    if (verdicts.length === qrTexts.length && bad === undefined) return Promise.resolve();
    return Promise.reject(new Error(`the engine says ${bad?.code ?? "nothing"} to a new card`));
  };
}
