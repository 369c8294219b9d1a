import specs from "@asyncapi/specs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { detector } from "@weir/detector";
import { DecidedTransaction, Label, TOPICS, Transaction } from "@weir/schema";
import { Ajv, type AnySchema } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { type Document, filesBelow, readText } from "../deploy-check/repository.ts";
import { CONTRACTS_FOLDER, contracts } from "./contracts.ts";

const written = (name: string): Document => JSON.parse(readText(`${CONTRACTS_FOLDER}/${name}`));

const asyncapiFaults = (() => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(
    specs.schemasWithoutId["3.0.0"] as AnySchema,
  );
  return (document: object): unknown[] => (validate(document) ? [] : (validate.errors ?? []));
})();

async function openapiFaults(document: Document): Promise<unknown> {
  const { valid, errors } = await new Validator().validate(document);
  return valid ? [] : errors;
}

test.each([...contracts.keys()])("%s is what the schemas make: else `npm run contracts` has to be run", (name) => {
  expect(written(name)).toEqual(contracts.get(name));
});

test("the folder holds the contracts and nothing else", () => {
  expect(filesBelow(CONTRACTS_FOLDER, ".json")).toEqual(
    [...contracts.keys()].map((name) => `${CONTRACTS_FOLDER}/${name}`),
  );
});

describe("asyncapi.json", () => {
  test("is an AsyncAPI 3.0 document by the specification's own schema", () => {
    expect(asyncapiFaults(written("asyncapi.json"))).toEqual([]);
  });

  test.each<[string, (document: Document) => void]>([
    ["an operation that is no action", (document) => (document.operations["send-legit"].action = "publish")],
    ["a channel with an unknown member", (document) => (document.channels.legit.topic = "x")],
    ["no info", (document) => delete document.info],
  ])("with %s would be refused", (_, change) => {
    const broken = written("asyncapi.json");
    change(broken);
    expect(asyncapiFaults(broken)).not.toEqual([]);
  });

  test("has each topic of the interface, an operation on it, and every reference leads somewhere", () => {
    const { channels, operations, ...rest } = written("asyncapi.json");
    const addresses = Object.values<Document>(channels).map(({ address }) => address);
    expect(addresses).toEqual(Object.values(TOPICS));
    expect(Object.keys(operations)).toHaveLength(addresses.length);
    const references = [...JSON.stringify({ channels, operations, ...rest }).matchAll(/"\$ref":"#([^"]+)"/g)];
    for (const [, path = ""] of references) expect(at({ channels, operations, ...rest }, path), path).toBeDefined();
  });
});

describe("openapi.json", () => {
  test("is an OpenAPI 3.1 document by the specification's own schema", async () => {
    expect(await openapiFaults(written("openapi.json"))).toEqual([]);
  });

  test.each<[string, (document: Document) => void]>([
    ["a path without a slash", (document) => (document.paths.livez = document.paths["/livez"])],
    ["a parameter that is nowhere", (document) => delete document.paths["/rejected"].get.parameters[0].in],
    ["an answer without a description", (document) => delete document.paths["/livez"].get.responses["200"].description],
  ])("with %s would be refused", async (_, change) => {
    const broken = written("openapi.json");
    change(broken);
    expect(await openapiFaults(broken)).not.toEqual([]);
  });

  test("has each route of the detector and its probes, and no other", () => {
    const routes = (detector.admin?.routes ?? []).map(
      ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`,
    );
    const probes = ["/livez", "/readyz", "/metrics"].map((path) => `get ${path}`);
    const told = Object.entries<Document>(written("openapi.json").paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) => (method === "servers" ? [] : [`${method} ${path}`])),
    );
    expect(told.toSorted()).toEqual([...probes, ...routes].toSorted());
  });

  test("asks for the token everywhere but at the probes, on a port apart, and says what each path's parameters are", () => {
    const { paths, security } = written("openapi.json");
    expect(security).toEqual([{ token: [] }]);
    for (const [path, { servers, ...methods }] of Object.entries<Document>(paths))
      for (const operation of Object.values<Document>(methods)) {
        expect(servers !== undefined, path).toBe(operation.security === undefined);
        expect(operation.security !== undefined, path).toBe(/^\/(livez|readyz|metrics)$/.test(path));
        const named = (operation.parameters ?? []).filter((one: Document) => one.in === "path");
        expect(named.map((one: Document) => `{${one.name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      }
  });
});

test("the messages of the README fit the schemas of the contract", () => {
  const { schemas } = written("asyncapi.json").components;
  const blocks = [...readText("README.md").matchAll(/```json\n(.*?)\n```/gs)].map(([, text = ""]) => JSON.parse(text));
  expect(blocks).toHaveLength(3);
  for (const [index, name] of ["Transaction", "Label", "DecidedTransaction"].entries()) {
    const validate = new Ajv2020({ strict: false }).compile(schemas[name]);
    expect(validate(blocks[index]), JSON.stringify(validate.errors)).toBe(true);
    const [first = ""] = Object.keys(blocks[index]);
    expect(validate({ ...blocks[index], [first]: 1 })).toBe(false);
  }
});

test("no member of a message that is demanded was added or left out since the first contract", () => {
  const demanded = { Transaction, Label, DecidedTransaction };
  expect(Object.fromEntries(Object.entries(demanded).map(([name, { required }]) => [name, required]))).toEqual({
    Transaction: ["source", "target", "amount", "currency"],
    Label: ["transaction", "source", "target", "timestamp", "fraud", "labelledAt"],
    DecidedTransaction: ["source", "target", "amount", "currency", "decision"],
  });
});

/** By a JSON pointer without its "#". */
function at(document: Document, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce((inner, key) => inner?.[key], document);
}
