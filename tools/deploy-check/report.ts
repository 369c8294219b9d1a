/** What a check has found, told line by line as it is found. */
import type { Result } from "./toolbox.ts";

export class Report {
  #found = 0;

  get found(): number {
    return this.#found;
  }

  check(what: string, { ok, output }: Result): void {
    console.log(`  ${ok ? "ok  " : "FAIL"} ${what}${ok ? "" : `\n${output}`}`);
    if (!ok) this.#found += 1;
  }

  /** That it says no, and because of what was planted: `says` is in its answer. */
  refuses(what: string, { ok, output }: Result, says = ""): void {
    const why = ok ? "it was taken" : `it was refused for another reason: ${output}`;
    this.check(`refuses ${what}`, { ok: !ok && output.includes(says), output: why });
  }

  /** What was measured or is not shown: no judgement. */
  note(line: string): void {
    console.log(`       ${line}`);
  }
}
