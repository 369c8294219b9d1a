/** The attacks that add payments of their own to those of customers. */
import type { Scenario } from "../compile.ts";
import { accountTakeover } from "./account-takeover.ts";
import type { Attack } from "./attack.ts";
import { cardTesting } from "./card-testing.ts";
import { impossibleTravel } from "./impossible-travel.ts";
import { mules } from "./mules.ts";
import { structuring } from "./structuring.ts";

/** `share`: of all payments, those of the attack. */
export type AddingAttack = Attack & { readonly share: number };

export function addingAttacks(attacks: Scenario["attacks"]): AddingAttack[] {
  const of = <D extends { readonly share: number }>(document: D | undefined, make: (document: D) => Attack) =>
    document === undefined ? [] : [{ ...make(document), share: document.share }];
  return [
    ...of(attacks.card_testing, cardTesting),
    ...of(attacks.account_takeover, accountTakeover),
    ...of(attacks.mules, mules),
    ...of(attacks.structuring, structuring),
    ...of(attacks.impossible_travel, impossibleTravel),
  ];
}
