/** A message as a producer writes it; `amount` is source text, `undefined` leaves a member out. */
export function aMessage(members: Readonly<Record<string, unknown>> = {}, amount = "12.50"): Buffer {
  const all = { source: "KQWLZTBMXAPE", target: "RUVYHNDGOCSF", currency: "EUR", ...members };
  return Buffer.from(`${JSON.stringify(all).slice(0, -1)},"amount":${amount}}`);
}
