import type { Answer, Asker } from "../http/health.js";
import { Problem } from "../http/problem.js";
import type { Readiness, Reason } from "./readiness.js";

/** `GET /readyz`: 200, or 503 with every reason why not; as JSON for those who say that they read it. Throws Problem. */
export function readinessAnswer(readiness: Readiness, { acceptsJson }: Asker): Answer {
  const reasons = readiness.reasons();
  if (reasons.length === 0) {
    if (acceptsJson) return { type: "application/json", body: JSON.stringify({ ready: true, reasons }) };
    return { type: "text/plain", body: "ready\n" };
  }
  const detail = reasons.map(({ sentence }) => sentence).join("; ");
  const problem = new Problem("NOT_READY", detail, {}, { ready: false, reasons });
  if (acceptsJson) throw problem;
  const body = `not ready\n${reasons.map(lineOf).join("")}`;
  return { type: "text/plain; charset=utf-8", body, status: problem.status };
}

function lineOf({ code, issuer, sentence, remedy }: Reason): string {
  return `${code}${issuer === undefined ? "" : ` (${issuer})`}: ${sentence}; ${remedy}\n`;
}
