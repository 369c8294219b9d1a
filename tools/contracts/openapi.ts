/** OpenAPI 3.1 of the detector's HTTP server. The generator has its first three paths. */
import { REASON_CODES } from "@weir/schema";
import { Entity, Health, Refusal, RejectedLetter, RejectedList, Replay } from "./answers.ts";
import { plain } from "./asyncapi.ts";

const schemas = { Entity, Health, Refusal, RejectedLetter, RejectedList, Replay } as const;

const json = (schema: keyof typeof schemas, description: string): object => ({
  description,
  content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
});

/** Of whatever is behind the token. */
const GUARDED = {
  "401": json("Refusal", "Without the token"),
  "404": json("Refusal", "Nothing by that name, or the detector has no token and so no such path"),
  "503": json("Refusal", "Not ready, or Kafka does not answer"),
};
const BUSY = { "429": json("Refusal", "Another request is under way") };

const inPath = (name: string, description: string): object => ({
  ...{ name, in: "path", required: true, description },
  schema: { type: "string" },
});

const origin = inPath("origin", "Decision id of the rejected input, its slashes encoded");

export function openapi(version: string): object {
  return plain({
    openapi: "3.1.0",
    info: {
      title: "Weir's detector",
      version,
      description:
        "Probes and metrics, and behind a token (ADMIN_TOKEN_FILE) what it knows of a customer and what was rejected.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:8080", description: "HOST and PORT" }],
    paths: {
      "/livez": {
        get: {
          operationId: "live",
          summary: "Whether the process itself is stuck, whatever the broker does",
          security: [],
          responses: { "200": json("Health", "It is not"), "503": json("Health", "It is, with reasons") },
        },
      },
      "/readyz": {
        get: {
          operationId: "ready",
          summary: "Whether every assigned partition is being decided",
          security: [],
          responses: {
            "200": json("Health", "It is"),
            "503": json("Health", "It is not, with reasons stage by stage"),
          },
        },
      },
      "/metrics": {
        get: {
          operationId: "metrics",
          summary: "For Prometheus",
          security: [],
          responses: {
            "200": {
              description: "Its text format; the README of each service names them all",
              content: { "text/plain": { schema: { type: "string" } } },
            },
          },
        },
      },
      "/entities/{field}/{key}": {
        get: {
          operationId: "entity",
          summary: "The windows and last decisions of one source, target or other entity",
          parameters: [
            inPath("field", "source, target or another field that the ruleset keeps a state of"),
            inPath("key", "Its value"),
          ],
          responses: {
            "200": json("Entity", "All windows as of one offset"),
            "400": json("Refusal", "Something was asked beside that"),
            ...GUARDED,
          },
        },
      },
      "/rejected": {
        get: {
          operationId: "listRejected",
          summary: "The newest of what could not be decided, masked",
          parameters: [
            { name: "reason", in: "query", schema: { type: "string", examples: [...REASON_CODES] } },
            { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 1000, default: 50 } },
          ],
          responses: {
            "200": json("RejectedList", "Newest first, and how many by reason"),
            "400": json("Refusal", "A parameter that means nothing"),
            ...GUARDED,
            ...BUSY,
          },
        },
      },
      "/rejected/{origin}": {
        get: {
          operationId: "showRejected",
          summary: "One of them, masked",
          parameters: [origin],
          responses: {
            "200": json("RejectedLetter", "With when it was sent in again, if it was"),
            ...GUARDED,
            ...BUSY,
          },
        },
      },
      "/rejected/{origin}/replay": {
        post: {
          operationId: "replayRejected",
          summary: "Sends one in again, once",
          parameters: [origin],
          responses: {
            "200": json("Replay", "It was sent"),
            "409": {
              description: "It was not: it was sent before, or must not be",
              content: {
                "application/json": {
                  schema: {
                    anyOf: [{ $ref: "#/components/schemas/Replay" }, { $ref: "#/components/schemas/Refusal" }],
                  },
                },
              },
            },
            ...GUARDED,
            ...BUSY,
          },
        },
      },
    },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } }, schemas },
  });
}
