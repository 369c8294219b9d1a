import fc from "fast-check";
import { expect, test } from "vitest";
import { assignSticky, type Claim, type Claimant, NO_CLAIM, nextClaim } from "./sticky-assigner.ts";

const units = (count: number) => Array.from({ length: count }, (_, partition) => `t/${partition}`);
const claim = (memberId: string, atMs: number, partitions: readonly number[]): Claim => ({
  memberId,
  atMs,
  partitions: { t: partitions },
});
const member = (memberId: string, atMs: number, partitions: readonly number[]): Claimant => ({
  memberId,
  claim: claim(memberId, atMs, partitions),
});

const claimant: fc.Arbitrary<Claim> = fc.record({
  memberId: fc.constantFrom("a", "b", "c", "d", "gone"),
  atMs: fc.nat(3),
  partitions: fc.record({ t: fc.array(fc.nat(12)), other: fc.array(fc.nat(3)) }, { requiredKeys: [] }),
});

test("every partition goes to one member and shares differ by one at most, whatever is claimed", () => {
  const members = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 });
  fc.assert(
    fc.property(members, fc.array(claimant, { minLength: 4, maxLength: 4 }), fc.nat(12), (ids, claims, count) => {
      const claimants = ids.map((memberId, index) => ({ memberId, claim: claims[index] ?? NO_CLAIM }));
      const shares = assignSticky(claimants, units(count));
      expect([...shares.values()].flat().sort()).toEqual(units(count).sort());
      const sizes = [...shares.values()].map((share) => share.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const reversed = assignSticky(claimants.toReversed(), units(count));
      expect(new Map([...reversed].sort())).toEqual(new Map([...shares].sort()));
    }),
  );
});

test("survivors keep all that they have when a member leaves", () => {
  const shares = assignSticky([member("a", 1, [0, 3]), member("b", 1, [1, 4])], units(6));
  expect(shares.get("a")?.slice(0, 2)).toEqual(["t/0", "t/3"]);
  expect(shares.get("b")?.slice(0, 2)).toEqual(["t/1", "t/4"]);
});

test("a joiner takes no more than its share, and what was gained last is given up first", () => {
  const shares = assignSticky([member("a", 1, [5, 0, 1, 2, 3, 4]), { memberId: "b", claim: NO_CLAIM }], units(6));
  expect(shares.get("a")).toEqual(["t/5", "t/0", "t/1"]);
  expect(shares.get("b")?.toSorted()).toEqual(["t/2", "t/3", "t/4"]);
});

test("a claim under another member id ranks last, and of two the later one wins", () => {
  const zombie = { memberId: "back", claim: claim("was", 9, [0, 1]) };
  expect(assignSticky([zombie, member("a", 1, [0, 1])], units(4)).get("a")).toEqual(["t/0", "t/1"]);
  const shares = assignSticky([member("a", 1, [0, 1]), member("b", 2, [1, 2])], units(3));
  expect(shares.get("b")).toEqual(["t/1", "t/2"]);
});

test("a claim lists what was kept before what was gained", () => {
  const first = nextClaim(NO_CLAIM, "m", { t: [2, 5] }, 1);
  const second = nextClaim(first, "m", { t: [0, 2, 5] }, 2);
  expect(second).toEqual({ memberId: "m", atMs: 2, partitions: { t: [2, 5, 0] } });
  expect(nextClaim(second, "n", { t: [0, 5] }, 3).partitions).toEqual({ t: [5, 0] });
});
