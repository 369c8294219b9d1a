/** A shared secret in the header `Authorization: Bearer TOKEN`. */
import { createHash, timingSafeEqual } from "node:crypto";

/** Whether the header has this token, in a time that tells nothing of either. */
export function bearerCheck(token: string): (authorization: string | null) => boolean {
  const right = digest(token);
  return (authorization) => {
    const [, given] = /^Bearer +(\S{1,4096})$/i.exec(authorization ?? "") ?? [];
    return timingSafeEqual(digest(given ?? ""), right) && given !== undefined;
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
