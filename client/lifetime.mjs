// When the broker will have a newer token.

import {
  LONG_LIFETIME,
  RENEW_AHEAD,
  RENEW_AHEAD_LIFETIME_DIVISOR,
  RENEW_AHEAD_LONG,
  RENEW_AHEAD_SHORT,
  SHORT_LIFETIME,
} from "./limits.mjs";

/**
 * After how many seconds to ask for a token again. The broker renews a token this long before it expires; its answer says
 * how many seconds are left and not how long the token lives, so these count as its lifetime.
 * @param {number} left
 */
export function refreshAfter(left) {
  const ahead = left <= SHORT_LIFETIME ? RENEW_AHEAD_SHORT : left < LONG_LIFETIME ? RENEW_AHEAD : RENEW_AHEAD_LONG;
  return left - Math.min(ahead, left / RENEW_AHEAD_LIFETIME_DIVISOR);
}
