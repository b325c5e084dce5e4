import { Engine } from "../engine/engine.js";
import { readCardText } from "../format/card-text.js";
import type { CredentialForm } from "../format/credential.js";

/** Throws unless every QR text is a genuine card of this form, valid at the time (seconds since 1970). */
export type CheckIssued = (qrTexts: readonly string[], at: number, form: CredentialForm) => Promise<void>;

/** Puts finished cards to the engine that relying parties run, with the trust list that they have. */
export async function engineCheck(trustList: Uint8Array): Promise<CheckIssued> {
  const engine = await Engine.create({ trust: trustList, status: "none" });
  return async (qrTexts, at, form) => {
    const verdicts = engine.verifyBatch(qrTexts, { at: new Date(at * 1000) });
    // Told of a genuine card alone, before its dates are looked at: nobody has signed that he shows it.
    const wanted = form === "static" ? "VALID" : "PRESENTATION_REQUIRED";
    const bad = verdicts.find((verdict) => verdict.code !== wanted);
    if (verdicts.length !== qrTexts.length || bad !== undefined) {
      throw new Error(`the engine says ${bad?.code ?? "nothing"} to a new card`);
    }
    // The engine reads no disclosures that nobody has bound to a presentation: they are held to the hashes here.
    if (form === "presentable") await Promise.all(qrTexts.map(readCardText));
  };
}
