import { compileScenario, type Scenario } from "./compile.ts";

const TEXT = `name: test
customers:
  payments_per_day: { from: 0.5, to: 4 }
  mean_amount: { from: 5, to: 100 }
  amounts: lognormal
  spread: 0.6
  least: 1
  most: 5000
  reach: 5
  regular: 6
  elsewhere: 0.1
  online: 0.25
merchants: { per_customer: 2, online: 500 }

attacks:
  structuring: { share: 0.003, payments: { from: 3, to: 8 }, below: 2500 }

labels: { share: 0.8, delay: { from: 3d, to: 14d } }
`;

/** A scenario document with a fault nowhere. */
export function aScenarioText(): string {
  return TEXT;
}

/** The same compiled; what is given replaces its parts. */
export function aScenario(parts: Partial<Scenario> = {}): Scenario {
  const result = compileScenario(TEXT, { file: "test.yaml" });
  if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join("; "));
  return { ...result.scenario, ...parts };
}
