export { Agenda } from "./agenda.ts";
export { compileScenario, type LabelPlan, type Scenario, sharesAdded, withShareAdded } from "./compile.ts";
export { DAY_MS, EventClock } from "./event-clock.ts";
export { PUBLISHED_AFTER, type ReportedLabel } from "./labels.ts";
export type { Fraud, Payment } from "./payment.ts";
export { type Message, PaymentStream, type StreamOptions } from "./payment-stream.ts";
export { customersFor, MOST_CUSTOMERS } from "./population.ts";
export { letters, Random } from "./random.ts";
export { ScenarioDocument } from "./scenario-document.ts";
