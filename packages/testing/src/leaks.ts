/** A scan for what must not be told: card numbers and secrets that a test has put into what it sends. */

/** Of a card that is made up: Luhn's digit is right. `number`: the same for the same, others for others. */
export function madeUpCard(number: number): string {
  const digits = `4${String(number).padStart(14, "0")}`;
  return [...Array(10).keys()].map((last) => `${digits}${last}`).find(isLuhn) as string;
}

export function isLuhn(digits: string): boolean {
  const sum = [...digits].toReversed().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Numbers of 14 to 19 digits that Luhn lets pass. Of 13 there are times, of which every tenth would. */
export function cardNumbersIn(text: string): string[] {
  return (text.match(/(?<![\d.])\d{14,19}\b/g) ?? []).filter(isLuhn);
}

/**
 * Which of `planted` a text has: as they are, with spaces or hyphens between groups of four, without the first six, in hexadecimal, in
 * base64, and with each character as an escape of JSON or of a URL.
 */
export function leakScan(planted: readonly string[]): (text: string) => string[] {
  const forms = planted.map((one) => {
    const bytes = Buffer.from(one);
    const escaped = (prefix: string, width: number) =>
      [...bytes].map((byte) => `${prefix}${byte.toString(16).padStart(width, "0")}`).join("");
    // Of the three ways to lie in base64 this is the one of a whole text; what follows changes its last characters.
    const base64 = bytes.toString("base64").slice(0, -4);
    const grouped = [" ", "-"].map((between) => one.replace(/(.{4})(?=.)/g, `$1${between}`));
    const texts = [one, one.slice(6), bytes.toString("hex"), base64, escaped("\\u", 4), escaped("%", 2), ...grouped];
    return { one, texts };
  });
  return (text) => {
    const lower = text.toLowerCase();
    return forms
      .filter(({ texts }) => texts.some((form) => text.includes(form) || lower.includes(form)))
      .map(({ one }) => one);
  };
}
