import { z } from "zod";
import { notReady, problem, schemaOf, verdict, verdicts, verifyMany, verifyOne } from "./messages.js";

/** The HTTP side as OpenAPI 3.1; the schemas are those that requests are checked against. */
export function openApi(version: string): unknown {
  const problemAnswer = { description: "Refused", content: content("application/problem+json", problem) };
  const plain = (summary: string, type: string): unknown => ({
    get: { summary, responses: { 200: { description: summary, content: { [type]: {} } } } },
  });
  return {
    openapi: "3.1.0",
    info: { title: "Hufu verifier", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths: {
      "/v1/verify": {
        post: {
          summary: "Verify one QR text, or up to 1,000",
          parameters: [
            {
              name: "Idempotency-Key",
              in: "header",
              schema: { type: "string", maxLength: 255 },
              description: "The same request again under the same key gets the first answer for 60 seconds",
            },
          ],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { anyOf: [verifyOne, verifyMany] } } },
          },
          responses: {
            200: {
              description: "The verdict, or as many as there were items, in their order",
              content: content("application/json", z.union([verdict, verdicts])),
            },
            409: { ...problemAnswer, description: "The Idempotency-Key is that of another request" },
            429: { ...problemAnswer, description: "Too many streams or requests, or the token's rate is used up" },
            503: { ...problemAnswer, description: "No room, or the server stops; Retry-After says when to ask again" },
            default: problemAnswer,
          },
          security: [{}, { bearer: [] }],
        },
      },
      "/v1/stream": {
        get: {
          summary: "WebSocket with subprotocol hufu.v1+msgpack or hufu.v1+json",
          responses: { 101: { description: "The stream is open" }, default: problemAnswer },
          security: [{}, { bearer: [] }],
        },
      },
      "/livez": plain("The process is alive", "text/plain"),
      "/readyz": {
        get: {
          summary: "Whether a good card of every trusted issuer would be accepted now",
          responses: {
            200: { description: "It would", content: { "text/plain": {}, "application/json": {} } },
            503: {
              description: "It would not, and why: code, issuer, sentence and remedy of each reason",
              content: { "text/plain": {}, ...content("application/problem+json", notReady) },
            },
          },
        },
      },
      "/version": plain("Version of the server", "application/json"),
      "/metrics": plain("Metrics for Prometheus", "text/plain"),
      "/openapi.json": plain("This document", "application/json"),
      "/asyncapi.json": plain("The stream's frames, as AsyncAPI", "application/json"),
    },
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}

function content(type: string, schema: z.ZodType): Record<string, unknown> {
  return { [type]: { schema: schemaOf(schema) } };
}
