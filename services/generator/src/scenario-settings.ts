/**
 * The scenario as a setting: the document is read and compiled with the rest of the configuration, so that one start
 * shows the faults of both.
 */
import { formatFaults } from "@weir/engine";
import { compileScenario, type Scenario } from "@weir/scenario";
import { parseTimestamp } from "@weir/schema";
import { type Entry, file, setting } from "@weir/service";

const document = file({
  name: "SCENARIO",
  about: "Who pays whom and what is fraud among it, a YAML document",
  default: "scenarios/demo.yaml",
});

export const scenarioSetting: Entry<Scenario> = {
  rows: document.rows,
  read(source, faults) {
    const read = document.read(source, faults);
    if (!read.ok) return { ok: false };
    const compiled = compileScenario(read.value.text, { file: read.value.path });
    if (compiled.ok) return { ok: true, value: compiled.scenario };
    faults.push(...compiled.faults.map((fault) => `SCENARIO ${formatFaults([fault])}`));
    return { ok: false };
  },
};

const INSTANT = "a time such as 2024-01-01T00:00:00Z";

/** Epoch ms. */
export const startSetting = setting<number, null>(
  {
    name: "START",
    about:
      "When event time begins: then the same seed gives the same bytes; not set: now, or 2024 began if SPEEDUP is above 1",
    default: null,
  },
  {
    accepts: INSTANT,
    parse: (text) => {
      const value = parseTimestamp(text);
      return Number.isNaN(value)
        ? { ok: false, fault: `must be ${INSTANT}, got ${JSON.stringify(text)}` }
        : { ok: true, value };
    },
  },
);
