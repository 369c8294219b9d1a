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

/** Greatest amount, in minor units: 10 billion EUR. A thousand of them still add up exactly. */
export const MAX_AMOUNT_MINOR = 1_000_000_000_000;

function list(exponent: number, codes: string): [string, number][] {
  return codes.split(" ").map((code) => [code, exponent]);
}
