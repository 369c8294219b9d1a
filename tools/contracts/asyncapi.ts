/** AsyncAPI 3.0 of the topics of the interface, from the schemas that messages are decoded and written by. */
import {
  DecidedTransaction,
  Label,
  REASON_CODES,
  REJECTED_HEADERS,
  RejectedReference,
  TOPICS,
  Transaction,
} from "@weir/schema";

type Channel = keyof typeof TOPICS;

/** What a schema cannot say, by channel: what is in it, what its key is, and which setting names it. */
const CHANNELS: Readonly<Record<Channel, { readonly about: string; readonly key: string; readonly setting: string }>> =
  {
    transactions: {
      about:
        "Transactions to decide. Members that are not named pass through untouched, except `decision`, which is not taken.",
      key: "Any or none; the source where INPUT_KEYED=true",
      setting: "TRANSACTIONS_TOPIC",
    },
    labels: {
      about: "What earlier transactions turned out to be. The last label of a transaction counts.",
      key: "Any or none",
      setting: "LABELS_TOPIC",
    },
    legit: { about: "Decisions to approve.", key: "The source", setting: "LEGIT_TOPIC" },
    fraud: { about: "Decisions to review or to decline.", key: "The source", setting: "FRAUD_TOPIC" },
    rejected: {
      about: "What could not be decided, with its own bytes, key and headers. The money in it is undecided.",
      key: "The input's own",
      setting: "REJECTED_TOPIC",
    },
  };

const MESSAGES: Readonly<Record<Channel, string>> = {
  transactions: "Transaction",
  labels: "Label",
  legit: "DecidedTransaction",
  fraud: "DecidedTransaction",
  rejected: "Rejected",
};

export function asyncapi(version: string): object {
  const channels = Object.entries(TOPICS).map(([name, address]) => {
    const { about, key, setting } = CHANNELS[name as Channel];
    const message = MESSAGES[name as Channel];
    const channel = {
      address,
      description: `${about} Key: ${key.toLowerCase()}. ${setting} names another topic.`,
      messages: { [message]: { $ref: `#/components/messages/${message}` } },
      bindings: { kafka: { topic: address, bindingVersion: "0.5.0" } },
    };
    return [name, channel] as const;
  });
  return plain({
    asyncapi: "3.0.0",
    info: {
      title: "Weir",
      version,
      description: "Transactions in, decisions out, each exactly once for readers of committed records.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(channels.map(([name]) => operationOn(name))),
    components: {
      messages: {
        Transaction: message("Transaction", "A payment; its members are checked more strictly than a schema can say"),
        Label: message("Label", "The truth about a past transaction, told late"),
        DecidedTransaction: message("DecidedTransaction", "The text of the input with one more member, `decision`"),
        Rejected: {
          ...message("Rejected", "The input's own bytes, whatever they are, or a reference to them"),
          contentType: "application/octet-stream",
          headers: { $ref: "#/components/schemas/RejectedHeaders" },
        },
      },
      schemas: {
        Transaction,
        Label,
        DecidedTransaction,
        Rejected: { description: "Any bytes. Where weir-reference is there: a RejectedReference, as JSON." },
        RejectedReference,
        RejectedHeaders: rejectedHeaders(),
      },
    },
  });
}

function message(name: string, summary: string): Readonly<Record<string, unknown>> {
  return { name, title: name, summary, payload: { $ref: `#/components/schemas/${name}` } };
}

/** Of Weir: it receives what others send, and sends what they receive. */
function operationOn(channel: string): readonly [string, object] {
  const action = channel === "transactions" || channel === "labels" ? "receive" : "send";
  return [`${action}-${channel}`, { action, channel: { $ref: `#/channels/${channel}` } }];
}

function rejectedHeaders(): object {
  const { reason, origin, faults, engine, duplicateOf, reference } = REJECTED_HEADERS;
  const text = (description: string): object => ({ type: "string", description });
  return {
    type: "object",
    required: [reason, origin, faults, engine],
    properties: {
      [reason]: { ...text("More may come: take one that you do not know"), examples: [...REASON_CODES] },
      [origin]: text("Decision id of the input: where it lay"),
      [faults]: text("JSON array of { field, expected, got }; it never holds the payload"),
      [engine]: text("Version of the engine that said so"),
      [duplicateOf]: text("Of a duplicate only: decision id of the first one"),
      [reference]: text("`true` where the value is a RejectedReference; else it is not there"),
    },
  };
}

/** Without what typebox keeps beside a schema. */
export function plain<T extends object>(document: T): T {
  return JSON.parse(JSON.stringify(document)) as T;
}
