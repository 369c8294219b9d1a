import { describe, expect, it } from "vitest";
import { alertFaults } from "../alerts.ts";
import { builtObjects, KUSTOMIZE, OVERLAYS } from "../kustomize.ts";
import { policyFaults } from "../policies.ts";
import { type Finding, isCaught, table } from "./findings.ts";
import { type Finder, MISTAKES, spoilt } from "./mistakes.ts";

const PURE = { policies: policyFaults, metrics: alertFaults } as const;

describe.skipIf(KUSTOMIZE === null)("a mistake", () => {
  it.each(MISTAKES.map((mistake) => [mistake.kind, mistake.what, mistake] as const))(
    "can be planted in an overlay: %s with %s",
    (_kind, _what, mistake) => {
      const overlays = OVERLAYS.map((overlay) => builtObjects(overlay)).filter((objects) => spoilt(mistake, objects));
      expect(overlays).not.toEqual([]);
      for (const objects of overlays) expect(objects).not.toContainEqual(spoilt(mistake, objects)?.object);
    },
  );

  it.each(["policies", "metrics"] as const)(
    "is found by %s where it has to be, and none where there is none",
    (finder) => {
      for (const objects of OVERLAYS.map((overlay) => builtObjects(overlay))) {
        expect(PURE[finder](objects)).toEqual([]);
        for (const mistake of MISTAKES.filter((each) => each.finder === finder)) {
          const planted = spoilt(mistake, objects);
          if (planted) expect(PURE[finder](planted.all).join("\n"), mistake.what).toContain(mistake.says);
        }
      }
    },
  );
});

describe("the table of what was planted", () => {
  const [mistake] = MISTAKES;
  if (mistake === undefined) throw new Error("there are no mistakes");
  const finding = (overlay: string, said: readonly [Finder, string][]): Finding => ({
    mistake,
    overlay,
    said: new Map(said),
  });
  const found = finding("dev", [
    ["API server", `error: ${mistake.says}`],
    ["policies", "odd"],
  ]);

  it("says where a mistake was found, by which words, and who else saw it", () => {
    expect(isCaught(found)).toBe(true);
    expect(table([found])).toEqual([
      `ok   Deployment weir-detector: a field that is misspelt  dev  API server: ${mistake.says} (also policies)`,
    ]);
  });

  it.each<[string, [Finder, string][], string]>([
    ["by nobody", [], "nothing"],
    ["by somebody else alone", [["policies", mistake.says]], "nothing"],
    ["for another reason", [["API server", "Forbidden"]], "Forbidden"],
  ])("tells a mistake that is found %s", (_how, said, answer) => {
    const missed = finding("prod", said);
    expect(isCaught(missed)).toBe(false);
    const [line, detail] = table([found, missed]);
    expect(line).toMatch(/^FAIL .* dev prod /);
    expect(detail).toContain(`in prod, API server: ${answer}`);
  });
});
