import fc from "fast-check";
import { expect, test } from "vitest";
import { Agenda } from "./agenda.ts";

test("what is put down for an instant is due from that instant on, and handed out once", () => {
  const agenda = new Agenda<string>();
  agenda.add(10, "label");
  expect(agenda.takeDue(9)).toBeNull();
  expect(agenda.takeDue(10)).toBe("label");
  expect(agenda.takeDue(10)).toBeNull();
});

test("hands out what is due in the order of its time, ties as they were put down, and each once", () => {
  const asked = fc.array(fc.record({ timeMs: fc.nat(20), take: fc.nat(3), nowMs: fc.nat(25) }), { maxLength: 60 });
  fc.assert(
    fc.property(asked, (steps) => {
      const agenda = new Agenda<number>();
      let plain: { readonly timeMs: number; readonly what: number }[] = [];
      for (const [what, { timeMs, take, nowMs }] of steps.entries()) {
        agenda.add(timeMs, what);
        plain.push({ timeMs, what });
        for (let left = take; left > 0; left -= 1) {
          // A stable sort is the whole specification.
          plain = plain.sort((a, b) => a.timeMs - b.timeMs);
          const due = plain[0] !== undefined && plain[0].timeMs <= nowMs ? plain.shift() : undefined;
          expect(agenda.takeDue(nowMs)).toBe(due?.what ?? null);
        }
        expect(agenda.size).toBe(plain.length);
      }
    }),
  );
});
