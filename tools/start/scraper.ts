/** Reads the metrics of all services at once. One that does not answer counts with what it said last. */
import type { PromSample } from "../process/prometheus.ts";
import type { Service } from "../process/service.ts";
import { type Reading, readingOf } from "./numbers.ts";

export class Scraper {
  readonly #generator: Service;
  readonly #detectors: readonly Service[];
  readonly #last = new Map<Service, PromSample[]>();

  constructor(generator: Service, detectors: readonly Service[]) {
    this.#generator = generator;
    this.#detectors = detectors;
  }

  async read(): Promise<Reading> {
    const [generator = [], ...detectors] = await Promise.all(
      [this.#generator, ...this.#detectors].map((service) => this.#samples(service)),
    );
    return readingOf(performance.now(), generator, detectors);
  }

  async #samples(service: Service): Promise<PromSample[]> {
    // One that does not answer is starting, stopping or busy: its end is noticed elsewhere.
    const samples = (await service.samples()) ?? this.#last.get(service) ?? [];
    this.#last.set(service, samples);
    return samples;
  }
}
