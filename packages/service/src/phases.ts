/** The life of a process as data: which phase may follow which. */

const NEXT = {
  starting: ["running", "draining", "failed"],
  running: ["draining", "failed"],
  draining: ["stopped", "failed"],
  stopped: [],
  failed: [],
} as const satisfies Record<string, readonly string[]>;

export type Phase = keyof typeof NEXT;

export class Phases {
  #current: Phase = "starting";

  get current(): Phase {
    return this.#current;
  }

  /** Throws on a step that the table does not list: that would be a fault of the caller. */
  to(next: Phase): void {
    const allowed: readonly Phase[] = NEXT[this.#current];
    if (!allowed.includes(next)) throw new Error(`phase ${this.#current} cannot become ${next}`);
    this.#current = next;
  }
}
