import { describe, expect, test } from "vitest";
import { compileRuleset } from "./compile.ts";
import { isToken, Tokens } from "./tokens.ts";

const SECRET = "a secret of thirty-two bytes, so long";
const tokens = new Tokens(SECRET);
const CARD = "4111111111111111";

describe("a token", () => {
  /** Computed by another program. */
  test("is these letters, for ever", () => {
    expect(tokens.of(CARD)).toBe("wt_nomedblj_akjakfeenljlekkbfckccaehoibkdmok");
    expect(tokens.of("Zoë💶")).toBe("wt_nomedblj_ddepbapehflpnmoiimliolanbbjjiaek");
  });

  test("is its own token, of whatever key", () => {
    const other = new Tokens(`${SECRET}!`);
    expect(tokens.of(tokens.of("a"))).toBe(tokens.of("a"));
    expect(tokens.of(other.of("a"))).toBe(other.of("a"));
    expect(other.of("a")).not.toBe(tokens.of("a"));
  });

  test("has no digit, so that no card's number is one and none is in it", () => {
    for (let index = 0; index < 2_000; index += 1) expect(tokens.of(`id${index}`)).toMatch(/^wt_[a-p]{8}_[a-p]{32}$/);
    for (const id of [`wt_${CARD}`, `wt_abcdefgh_${CARD}${CARD}`, tokens.of("a").slice(0, -1), `${tokens.of("a")}\n`])
      expect(isToken(id), id).toBe(false);
  });

  test("is of a secret that is long enough", () => {
    expect(() => new Tokens("x".repeat(31))).toThrow("a secret must have at least 32 bytes, got 31");
    expect(() => new Tokens("é".repeat(16))).not.toThrow();
  });
});

describe("a message of tokens", () => {
  const ids = { source: tokens.of("a"), target: tokens.of("b") };
  const other = new Tokens(`${SECRET}!`).of("a");

  test.each([
    [ids, null],
    [{ ...ids, device: null }, null],
    [{ ...ids, device: "" }, null],
    [
      { ...ids, source: "a" },
      { field: "source", expected: "a token of this key", got: "no token" },
    ],
    [
      { ...ids, target: other },
      { field: "target", expected: "a token of this key", got: "a token of another key" },
    ],
    [
      { ...ids, device: CARD },
      { field: "device", expected: "a token of this key", got: "no token" },
    ],
  ])("%j is told from others", (given, fault) => expect(tokens.fault(given)).toEqual(fault));
});

describe("a ruleset whose ids are tokens", () => {
  const compiled = (rules: string) =>
    compileRuleset(
      `name: r\nversion: 1\nlists: { known: ["${CARD}", m, DE, ${tokens.of("t")}] }\nrules:\n${rules}\nthresholds: { review: 0.5, decline: 0.9 }`,
      { file: "r.yaml", tokens },
    );
  const faults = (rules: string): string[] => {
    const result = compiled(rules);
    return result.ok ? [] : result.faults.map(({ message }) => message);
  };
  const rule = (when: string, given: object, expect: "hit" | "miss" = "hit") =>
    `  - { id: a, score: 0.7, when: '${when}', examples: [{ given: ${JSON.stringify(given)}, expect: ${expect} }] }`;

  test.each<[string, object, ("hit" | "miss")?]>([
    ["source in known", { source: CARD }],
    ["source in known", { source: tokens.of(CARD) }],
    ["source in known", { source: "t" }],
    ["source in known", { source: "n" }, "miss"],
    ["target in known", { target: "m" }],
    ['device != null && device == "" && !(source in known)', { device: "" }],
    ["device != null && device in known", { device: "m" }],
    // What is no id is not one here either.
    ["country != null && country in known && !(source in known)", { country: "DE" }],
    ["source == target && target in known", { source: "m", target: "m" }],
    [`source == "${tokens.of("m")}" && target in known`, { source: "m", target: "m" }],
    [`source in ["${tokens.of("m")}"] && target in known`, { source: "m", target: "m" }],
    ["channel != null && source == channel && target in known", { source: "m", channel: "m", target: "m" }],
    ["(amount > 5 ? source : target) in known", { amount: 6, source: "m" }],
    ["channel != null && (amount > 5 ? source : channel) in known", { amount: 1, channel: "m" }],
  ])("means by %s what it means without", (when, given, expected) => {
    expect(faults(rule(when, given, expected))).toEqual([]);
    const other = expected === "miss" ? "hit" : "miss";
    expect(faults(rule(when, given, other))).toEqual([`this example is a ${expected ?? "hit"}, not a ${other}`]);
  });

  test("has histories of tokens too", () => {
    const when = "channel == null && source in known";
    const history = [{ ago: "1m", source: CARD }, { source: CARD }];
    const text = `  - { id: a, score: 0.7, when: '${when}', examples: [{ history: ${JSON.stringify(history)}, expect: hit }] }`;
    expect(faults(text)).toEqual([]);
  });

  test.each([
    `source == "${CARD}"`,
    `"${CARD}" == target`,
    `device != null && device in ["${CARD}"]`,
    `(amount > 5 ? source : "${CARD}") in known`,
  ])("must not have an id in a condition, which decisions tell: %s", (when) => {
    const [fault, ...more] = faults(rule(`${when} && source in known`, {}));
    expect(more).toEqual([]);
    expect(fault).toMatch(/^ids are tokens here, and every decision of this rule would tell this one/);
    expect(fault).not.toContain(CARD);
  });
});
