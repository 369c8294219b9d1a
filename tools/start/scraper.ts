/** Reads the metrics of all services at once. One that does not answer counts with what it said last. */
import { type Reading, readingOf } from "./numbers.ts";
import { type PromSample, parsePrometheus } from "./prometheus.ts";

const ANSWER_WITHIN_MS = 2_000;

export class Scraper {
  readonly #generator: string;
  readonly #detectors: readonly string[];
  readonly #last = new Map<string, PromSample[]>();

  /** Base addresses. */
  constructor(generator: string, detectors: readonly string[]) {
    this.#generator = generator;
    this.#detectors = detectors;
  }

  async read(): Promise<Reading> {
    const [generator = [], ...detectors] = await Promise.all(
      [this.#generator, ...this.#detectors].map((url) => this.#samples(url)),
    );
    return readingOf(performance.now(), generator, detectors);
  }

  async #samples(url: string): Promise<PromSample[]> {
    try {
      const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      if (answer.ok) this.#last.set(url, parsePrometheus(await answer.text()));
    } catch {
      // Starting, stopping or busy: its end is noticed elsewhere.
    }
    return this.#last.get(url) ?? [];
  }
}
