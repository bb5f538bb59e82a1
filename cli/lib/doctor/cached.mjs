// What `Cache-Status` (RFC 9211) of two requests says about the cache.

import { ok, warn } from "./check.mjs";
import { plain } from "./plain.mjs";

const name = "cache";
/** @type {Record<string, string>} */
const tiers = {
  isolate: "the memory of the isolate",
  kv: "Workers KV",
  coordinator: "the token's coordinator",
};

/**
 * @param {string | null} first
 * @param {string | null} second
 */
export function cached(first, second) {
  if (second === null)
    return warn(
      name,
      "the answer has no Cache-Status: nothing is known about the cache",
      "Something between here and the broker removes headers.",
    );
  if (/detail=stale-if-error/.test(second))
    return warn(
      name,
      `the token is an earlier one, because the authorization server fails to give a newer one (${plain(second)})`,
      "Before it expires: `npx wrangler tail` has the reason of the failed renewal.",
    );
  const tier = tierOf(second);
  if (tier !== undefined)
    return ok(name, `Cache-Status: the first token is from ${origin(first)}, the second from ${tier}: the cache works`);
  return warn(
    name,
    `Cache-Status: neither of two requests found a token in the cache (${plain(second)})`,
    "Are TOKENS and COORDINATOR bound in what is deployed? Run this again: another isolate reads KV some seconds later.\nIf it stays, kv_read and kv_write in `npx wrangler tail` say what fails.",
  );
}

/**
 * The tier of a hit.
 * @param {string} status
 */
function tierOf(status) {
  if (!/;\s*hit\b/.test(status)) return undefined;
  const tier = /\bdetail=([\w-]+)/.exec(status)?.[1] ?? "";
  return tiers[tier] ?? "the cache";
}

/** @param {string | null} status */
function origin(status) {
  const from = status === null ? "an unknown place" : (tierOf(status) ?? "the authorization server");
  return status !== null && /;\s*collapsed\b/.test(status) ? `${from} (another request had just asked for it)` : from;
}
