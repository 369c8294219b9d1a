/**
 * Minor units of currencies (ISO 4217, List One: "CcyMnrUnts"). Only exponents other than 2 are listed.
 * Codes that ISO gives no minor unit (XAU, XDR, XTS) and codes it does not know count as 2.
 */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...list(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...list(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...list(4, "CLF UYW"),
]);

/** Decimals of one major unit: 2 for EUR, 0 for JPY, 3 for KWD, 4 for CLF; 2 if unlisted. */
export function minorExponent(currency: string): number {
  return EXPONENTS.get(currency) ?? 2;
}

export type Currency = { readonly code: string; readonly exponent: number };

const LETTERS = 26;
/** Every code met so far, by its letters: at most 26^3. */
const met: (Currency | undefined)[] = new Array(LETTERS ** 3).fill(undefined);

/** The currency of three letters given as ASCII; null if one is not in A to Z. */
export function currencyOf(first: number, second: number, third: number): Currency | null {
  const [a, b, c] = [first - 0x41, second - 0x41, third - 0x41];
  if (a < 0 || a >= LETTERS || b < 0 || b >= LETTERS || c < 0 || c >= LETTERS) return null;
  const index = (a * LETTERS + b) * LETTERS + c;
  return met[index] ?? meet(index, String.fromCharCode(first, second, third));
}

function meet(index: number, code: string): Currency {
  const currency = { code, exponent: minorExponent(code) };
  met[index] = currency;
  return currency;
}

/** Greatest amount, in minor units: 10 billion EUR. A thousand of them still add up exactly. */
export const MAX_AMOUNT_MINOR = 1_000_000_000_000;

function list(exponent: number, codes: string): [string, number][] {
  return codes.split(" ").map((code) => [code, exponent]);
}
