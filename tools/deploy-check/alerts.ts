/** What is wrong with the alerts of an overlay, as far as the tables of the services' READMEs tell, which `npm test` holds against what is exported. */
import { exportedInTables, recordedBy } from "./exported.ts";
import { unknownIn } from "./queries.ts";
import { type Document, readText, SERVICES } from "./repository.ts";

export function alertFaults(objects: readonly Document[]): string[] {
  const rules: Document[] = objects
    .filter(({ kind }) => kind === "PrometheusRule")
    .flatMap(({ spec }) => spec.groups.flatMap((group: Document) => group.rules));
  const tables = SERVICES.map((service) => readText(`services/${service}/README.md`));
  const exported = new Map([...exportedInTables(tables), ...recordedBy(rules)]);
  return rules.flatMap(({ alert, record, expr }) =>
    unknownIn(expr, exported).map((fault) => `${alert ?? record}: ${fault}`),
  );
}
