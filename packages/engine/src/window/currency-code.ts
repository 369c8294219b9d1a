/** Currencies as numbers from 1: three letters A to Z, base 26. */
const A = 65;
const LETTERS = 26;

/** 1 to 17,576. Throws RangeError unless it is three letters A to Z, which decoding has seen to. */
export function currencyCode(currency: string): number {
  let code = 0;
  for (let index = 0; index < 3; index += 1) {
    const letter = currency.charCodeAt(index) - A;
    if (!(letter >= 0 && letter < LETTERS)) throw new RangeError("a currency is three letters A to Z");
    code = code * LETTERS + letter;
  }
  return code + 1;
}

export function currencyOf(code: number): string {
  const letters = code - 1;
  return String.fromCharCode(
    A + Math.floor(letters / LETTERS ** 2),
    A + (Math.floor(letters / LETTERS) % LETTERS),
    A + (letters % LETTERS),
  );
}
