/** The features that earlier stages computed, as this stage's plan knows them. */
import type { EnvelopeReader } from "@weir/schema";
import type { Feature } from "../feature.ts";
import type { Origin } from "../window/observation.ts";
import { featureIds } from "./feature-id.ts";

const COMPLETE: readonly string[] = [];

export class Carried {
  readonly #features: readonly Feature[];
  readonly #ids: Uint32Array;
  readonly #envelope: EnvelopeReader;
  /** Of each feature among those of the envelope; -1: it is not there. */
  readonly #places: Int32Array;

  /** `features`: of the stages before this one. `envelope`: read anew by others for each record. */
  constructor(features: readonly Feature[], envelope: EnvelopeReader) {
    this.#features = features;
    this.#ids = featureIds(features);
    this.#envelope = envelope;
    this.#places = new Int32Array(features.length);
  }

  /** Writes their values to the front of `into`, NaN for those that are not there; returns the names of these. */
  read(into: Float64Array): readonly string[] {
    const [ids, places, envelope] = [this.#ids, this.#places, this.#envelope];
    const known = ids.length;
    // Mostly the very plan wrote it: the first `known` of it are ours.
    let same = envelope.features >= known;
    for (let index = 0; same && index < known; index += 1) {
      same = envelope.id(index) === ids[index];
      places[index] = index;
    }
    if (!same) this.#find();
    for (let index = 0; index < known; index += 1) {
      const place = places[index] as number;
      into[index] = place < 0 ? Number.NaN : envelope.value(place);
    }
    return same ? COMPLETE : this.#features.filter((_, index) => places[index] === -1).map(({ name }) => name);
  }

  /** As read() found it. */
  has(index: number): boolean {
    return this.#places[index] !== -1;
  }

  /** The transactions that the feature is about, as far as an earlier stage thought them of use. */
  origins(index: number): readonly Origin[] {
    const place = this.#places[index] as number;
    return place < 0 ? [] : this.#envelope.evidence(place);
  }

  #find(): void {
    const found = new Map(
      Array.from({ length: this.#envelope.features }, (_, place) => [this.#envelope.id(place), place]),
    );
    for (const [index, id] of this.#ids.entries()) this.#places[index] = found.get(id) ?? -1;
  }
}
