/** OpenAPI 3.1 of the detector's two HTTP servers. The generator has the first, with its three paths. */
import { REASON_CODES } from "@weir/schema";
import { Entity, Health, Refusal, RejectedLetter, RejectedList, Replay } from "./answers.ts";
import { plain } from "./asyncapi.ts";

const schemas = { Entity, Health, Refusal, RejectedLetter, RejectedList, Replay } as const;

const json = (schema: keyof typeof schemas, description: string): object => ({
  description,
  content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
});

const LIMITED = { "429": json("Refusal", "More than 100 requests a second from one address") };

/** Open only with a token, to this machine alone. */
const ADMIN = [{ url: "http://127.0.0.1:8070", description: "ADMIN_PORT" }];

/** Of whatever is on the admin port. */
const GUARDED = {
  "401": json("Refusal", "Without the token"),
  "404": json("Refusal", "Nothing by that name"),
  "413": json("Refusal", "A body; none is asked for"),
  "429": json("Refusal", "More than 20 requests a second, or another one for what was rejected is under way"),
  "503": json("Refusal", "Not ready, or Kafka does not answer"),
};

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
        "Probes and metrics; on a port apart, for whoever has its token (ADMIN_TOKEN_FILE), what it knows of a customer and what was rejected.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:8080", description: "HOST and PORT" }],
    paths: {
      "/livez": {
        get: {
          operationId: "live",
          summary: "Whether the process itself is stuck, whatever the broker does",
          security: [],
          responses: { "200": json("Health", "It is not"), "503": json("Health", "It is, with reasons"), ...LIMITED },
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
            ...LIMITED,
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
            ...LIMITED,
          },
        },
      },
      "/entities/{field}/{key}": {
        servers: ADMIN,
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
        servers: ADMIN,
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
          },
        },
      },
      "/rejected/{origin}": {
        servers: ADMIN,
        get: {
          operationId: "showRejected",
          summary: "One of them, masked",
          parameters: [origin],
          responses: {
            "200": json("RejectedLetter", "With when it was sent in again, if it was"),
            ...GUARDED,
          },
        },
      },
      "/rejected/{origin}/replay": {
        servers: ADMIN,
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
          },
        },
      },
    },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } }, schemas },
  });
}
