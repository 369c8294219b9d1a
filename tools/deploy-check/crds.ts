/**
 * The schemas of kinds that are not Kubernetes' own, from the releases of those who make them; kept in .weir/tools/crds.
 * A field that a schema does not name is a fault here, where an API server would drop it in silence.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { parseAllDocuments } from "yaml";
import { type Document, pathOf, readText } from "./repository.ts";

const FOLDER = ".weir/tools/crds";
const RAW = "https://raw.githubusercontent.com";

const SOURCES = [
  {
    from: `${RAW}/strimzi/strimzi-kafka-operator/1.2.0/packaging/install/cluster-operator`,
    version: "strimzi-1.2.0",
    files: ["040-Crd-kafka.yaml", "043-Crd-kafkatopic.yaml", "044-Crd-kafkauser.yaml", "045-Crd-kafkanodepool.yaml"],
  },
  {
    from: `${RAW}/kedacore/keda/v2.20.2/config/crd/bases`,
    version: "keda-2.20.2",
    files: ["keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml"],
  },
  {
    from: `${RAW}/prometheus-operator/prometheus-operator/v0.93.0/example/prometheus-operator-crd`,
    version: "prometheus-operator-0.93.0",
    files: ["monitoring.coreos.com_podmonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml"],
  },
] as const;

export type Schemas = ReadonlyMap<string, ValidateFunction>;

/** By `apiVersion/kind`. Fetches what is not there yet; throws when it cannot. */
export async function crdSchemas(): Promise<Schemas> {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const schemas = new Map<string, ValidateFunction>();
  for (const { from, version, files } of SOURCES) {
    for (const file of files) {
      for (const document of parseAllDocuments(await text(from, version, file))) {
        const { spec } = document.toJS() as Document;
        for (const { name, schema } of spec.versions)
          schemas.set(`${spec.group}/${name}/${spec.names.kind}`, ajv.compile(closed(schema.openAPIV3Schema)));
      }
    }
  }
  return schemas;
}

async function text(from: string, version: string, file: string): Promise<string> {
  const path = join(FOLDER, version, file);
  if (!existsSync(pathOf(path))) {
    const response = await fetch(`${from}/${file}`, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`${from}/${file}: HTTP ${response.status}`);
    mkdirSync(pathOf(join(FOLDER, version)), { recursive: true });
    writeFileSync(pathOf(path), await response.text());
  }
  return readText(path);
}

/** Nothing beside what is named, unless the schema says otherwise; metadata is the API server's own to check. */
function closed(schema: Document): Document {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const { properties, items, additionalProperties, ...rest } = schema;
  if (rest["x-kubernetes-int-or-string"]) delete rest.type;
  // Go's `(?i)` is not JavaScript's.
  if (rest.pattern?.includes("(?i)")) delete rest.pattern;
  const keepsUnknown = rest["x-kubernetes-preserve-unknown-fields"] === true;
  return {
    ...rest,
    ...(items && { items: closed(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: closed(additionalProperties) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, closed(each)])),
      ...(additionalProperties === undefined && !keepsUnknown && { additionalProperties: false }),
    }),
  };
}

/** Kubernetes' own kinds belong to groups without a dot, or below k8s.io. */
export function isForeign({ apiVersion }: Document): boolean {
  const group = String(apiVersion).split("/")[0] ?? "";
  return group.includes(".") && !group.endsWith(".k8s.io");
}

export function schemaFaults(object: Document, schemas: Schemas): string[] {
  const name = `${object.kind} ${object.metadata.name}`;
  const validate = schemas.get(`${object.apiVersion}/${object.kind}`);
  if (validate === undefined) return [`${name}: nobody has the schema of ${object.apiVersion}`];
  if (validate(object)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = (params as Document).additionalProperty;
    return `${name}: ${instancePath} ${message}${extra === undefined ? "" : ` (${extra})`}`;
  });
}
