/** Tokens as an outsider computes them. Shares no code with the engine. */
import { createHmac } from "node:crypto";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
/** Letters for hexadecimal digits: a for 0, p for f. */
const letters = (hex: string): string =>
  hex.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));

export function tokenOf(id: string, secret: string): string {
  const name = hmac(secret, "weir: name of the key").toString("hex").slice(0, 8);
  const token = hmac(hmac(secret, "weir: key of ids"), id).toString("hex").slice(0, 32);
  return `wt_${letters(name)}_${letters(token)}`;
}

/** `text`: a payment as JSON.stringify writes it. */
export function withTokens(text: string, secret: string): string {
  const members = JSON.parse(text) as Record<string, unknown>;
  for (const name of ["source", "target", "device"])
    if (typeof members[name] === "string") members[name] = tokenOf(members[name], secret);
  return JSON.stringify(members);
}
