/**
 * Rulesets that somebody wrote by mistake or on purpose, drawn from one seed: good ones with their text spoilt, trees
 * of the right words in the wrong places, and expressions that reach for the host.
 */
import { Chance } from "../windows/world.ts";

const HOST = [
  "constructor",
  "__proto__",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "globalThis",
  "global",
  "process",
  "require",
  "Function",
  "eval",
  "this",
  "self",
  "import",
  "__defineGetter__",
];

const EXPRESSION = [
  ..."amount currency source target id country device channel count_1h usual known risky true false null".split(" "),
  ..."0 1 900 0.5 1e308 -1 9007199254740993 0x7f 5u 'EUR' \"NG\" '' b'x' r'x'".split(" "),
  ..."== != < <= > >= && || ! ( ) [ ] { } , + - * / % ? : in . ?. ; = => ` $ { } \\ // # @".split(" "),
  ..."has size matches map filter exists all dyn type timestamp duration string int double".split(" "),
  ...HOST,
];

const KEYS = [
  ..."name version description currencies otherwise lateness features lists rules thresholds".split(" "),
  ..."id when score monitor examples given history expect ago labelled fraud review decline".split(" "),
  ..."by count sum mean stddev min max ratio_to_mean distinct seen since_last fraud_ratio over delay before".split(" "),
  ..."count_1h usual risky amount country".split(" "),
  ...HOST,
];

const SCALARS = [
  ..."true false null ~ .inf -.inf .nan 0 -1 1 3 0.6 1e400 0x10 0o7 2024-01-01 card-payments r".split(" "),
  ..."source target amount EUR 1h 10m 90d 91d 999999d hit miss !!binary !!js/function &a *a <<".split(" "),
  '"amount > 1"',
  '"count_1h > 2 && amount / count_1h > 5"',
  '"\\u0000"',
  '"\\ud800"',
  "''",
  ...HOST,
];

const NOISE = [
  ..."{}[]:,-?&*!|>'\"%@`#\n\t \u0000\ufeff\u2028é💶",
  "\n  - ",
  ": ",
  "---\n",
  "*a",
  "&a ",
  "<<: ",
  "\r\n",
];

/** `good`: texts of rulesets without a fault. */
export function* hostileRulesets(seed: number, count: number, good: readonly string[]): Generator<string> {
  const chance = new Chance(seed);
  for (let index = 0; index < count; index += 1) yield hostileRuleset(chance, good, index % 4);
}

/** `kind`: 0 a good one spoilt, 1 made up, 2 with another condition, 3 with another value. */
export function hostileRuleset(chance: Chance, good: readonly string[], kind = chance.below(4)): string {
  if (kind === 0) return spoilt(chance, chance.of(...good));
  if (kind === 1) return tree(chance, 0);
  if (kind === 2) return withExpression(chance.of(...good), expression(chance));
  return withTree(chance, chance.of(...good));
}

function spoilt(chance: Chance, text: string): string {
  let out = text;
  for (let times = 1 + chance.below(4); times > 0; times -= 1) {
    const [from, length] = [chance.below(out.length + 1), chance.below(40)];
    const piece = out.slice(from, from + length);
    const to = chance.below(out.length + 1);
    switch (chance.below(5)) {
      case 0:
        out = out.slice(0, from) + out.slice(from + length);
        break;
      case 1:
        out = out.slice(0, to) + piece + out.slice(to);
        break;
      case 2:
        out = out.slice(0, from) + chance.of(...NOISE) + out.slice(from);
        break;
      case 3:
        out = out.slice(0, from) + chance.of(...EXPRESSION) + out.slice(from + chance.below(8));
        break;
      default:
        out = swapLines(chance, out);
    }
  }
  return out;
}

function swapLines(chance: Chance, text: string): string {
  const lines = text.split("\n");
  const [a, b] = [chance.below(lines.length), chance.below(lines.length)];
  [lines[a], lines[b]] = [lines[b] as string, lines[a] as string];
  return lines.join("\n");
}

/** In YAML's flow style. */
function tree(chance: Chance, depth: number): string {
  const kind = depth > 5 ? 2 : chance.below(depth === 0 ? 1 : 4);
  const members = 1 + chance.below(6);
  if (kind === 0)
    return `{${Array.from({ length: members }, () => `${chance.of(...KEYS)}: ${tree(chance, depth + 1)}`).join(", ")}}`;
  if (kind === 1) return `[${Array.from({ length: members }, () => tree(chance, depth + 1)).join(", ")}]`;
  return kind === 2 ? chance.of(...SCALARS) : JSON.stringify(expression(chance));
}

function expression(chance: Chance): string {
  return Array.from({ length: 1 + chance.below(14) }, () => chance.of(...EXPRESSION)).join(" ");
}

/** One of its conditions is another. */
function withExpression(text: string, written: string): string {
  return text.replace(/when: .*/, () => `when: ${JSON.stringify(written)}`);
}

/** One of its values is a tree. */
function withTree(chance: Chance, text: string): string {
  const values = [...text.matchAll(/: (?! *\n).*/g)];
  const at = chance.of(...values).index;
  const end = text.indexOf("\n", at);
  return `${text.slice(0, at)}: ${tree(chance, 1)}${text.slice(end)}`;
}
