export class TookTooLong extends Error {
  override readonly name = "TookTooLong";
}

/** Rejects when `promise` has not settled after `ms`; what it stands for goes on, and its error is no one's then. */
export const within = async <T>(ms: number, promise: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
};

/** Waits until `promise` has settled either way, at most `ms`. For endings whose failure changes nothing. */
export const settled = async (ms: number, promise: Promise<unknown>): Promise<void> => {
  try {
    await within(ms, promise, "");
  } catch {
    // Nothing to be done about it.
  }
};
