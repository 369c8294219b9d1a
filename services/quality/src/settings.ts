/** The settings of the service; README.md shows the table of the whole, and a test keeps it current. */
import { compileRuleset, formatFaults, type Plan, type Tokens, tokensBy } from "@weir/engine";
import {
  durationMs,
  type Entry,
  file,
  group,
  integer,
  kafkaSettings,
  sharedSettings,
  tokeniseKey,
  topicSettings,
} from "@weir/service";

const DAY_MS = 86_400_000;
const MOST_DAYS = 400;

const path = file({
  name: "RULESET",
  about: "The rules that decide, whose hits are counted; its model is not read",
  default: "rulesets/threshold.yaml",
});

/** `tokens`: what ids are in decisions; undefined: as they came. */
const ruleset: Entry<{ readonly plan: Plan; readonly tokens: Tokens | undefined }> = {
  rows: [...path.rows, ...tokeniseKey.rows],
  read(source, faults) {
    const document = path.read(source, faults);
    const secret = tokeniseKey.read(source, faults);
    if (!document.ok || !secret.ok) return { ok: false };
    const tokens = tokensBy(secret.value);
    const compiled = compileRuleset(document.value.text, { file: document.value.path, readBeside: null, tokens });
    if (compiled.ok) return { ok: true, value: { plan: compiled.plan, tokens } };
    faults.push(...compiled.faults.map((fault) => `RULESET ${formatFaults([fault]).trimEnd()}`));
    return { ok: false };
  },
};

const DEFAULTS = { LABEL_WAIT_MS: 7 * DAY_MS, PERIOD_MS: DAY_MS, PERIODS: 28 } as const;

const time = group(
  {
    waitMs: durationMs({
      name: "LABEL_WAIT_MS",
      about: "How long after a payment its label is waited for, in event time",
      min: 0,
      max: MOST_DAYS * DAY_MS,
      default: DEFAULTS.LABEL_WAIT_MS,
    }),
    periodMs: durationMs({
      name: "PERIOD_MS",
      about: "Figures leave and scores are compared by periods of so much event time",
      min: 1000,
      max: MOST_DAYS * DAY_MS,
      default: DEFAULTS.PERIOD_MS,
    }),
    periods: integer({
      name: "PERIODS",
      about: "Figures are of so many periods, the newest one among them",
      min: 2,
      max: 1000,
      default: DEFAULTS.PERIODS,
    }),
  },
  {
    check(given) {
      const of = (name: keyof typeof DEFAULTS): number => Number(given(name) ?? DEFAULTS[name]);
      // Of the newest period some is still to come, and one more has to have had its wait.
      if (of("PERIODS") * of("PERIOD_MS") >= of("LABEL_WAIT_MS") + 2 * of("PERIOD_MS")) return [];
      return [
        "PERIODS times PERIOD_MS must be at least LABEL_WAIT_MS and two periods, else no payment ever has had its wait",
      ];
    },
  },
);

/** Whatever the log is. */
export const qualitySettings = {
  topics: topicSettings,
  ruleset,
  time,
  mostKept: integer({
    name: "MAX_KEPT",
    about: "Payments that are kept for their labels, and labels for their payments; above that the oldest are given up",
    min: 1,
    max: 20_000_000,
    default: 500_000,
  }),
  oneIn: integer({
    name: "ONE_IN",
    about: "Of so many customers one is looked at, where all of their payments would be more than MAX_KEPT",
    min: 1,
    max: 1_000_000,
    default: 1,
  }),
  ...sharedSettings(8082),
};

/** Of the service on Kafka. */
export const settings = { kafka: kafkaSettings("weir-quality"), ...qualitySettings };
