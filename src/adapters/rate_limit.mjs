// The rate limiting binding: per location, permissive, eventually consistent. Damping, not a lock.

import { within } from "./timeout.mjs";

/** Whether one more for `key` is within the limit. A limiter that fails is never why there is no token. */
export async function admits(limiter, key, ms) {
  try {
    const { success } = await within(ms, limiter.limit({ key }));
    return success !== false;
  } catch {
    return true;
  }
}
