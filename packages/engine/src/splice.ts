/** The text of an output: the input's own bytes with one member more. */

const MEMBER = ',"decision":';

/** `value`: an object's JSON, whose last brace is at byte `closeAt`; `decision`: JSON. */
export function spliceDecision(value: Buffer, closeAt: number, decision: string): Buffer {
  return splice(value, closeAt, MEMBER + decision);
}

/** The original bytes with `text` put in at `at`, which is mostly the last byte. */
function splice(value: Buffer, at: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(value.length + length);
  // All of it, since set() of the whole costs less than a view of its front; the rest is written over.
  out.set(value);
  // As many bytes as characters is ASCII, which is written faster so.
  out.write(text, at, length === text.length ? "latin1" : "utf8");
  if (value.length - at > 16) value.copy(out, at + length, at);
  else for (let index = at; index < value.length; index += 1) out[index + length] = value[index] as number;
  return out;
}
