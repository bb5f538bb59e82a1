// With what the client proves itself: a client key, or a JWT.

/** @import { BrokerOptions } from "./index.d.ts" */

/** What can stand in `Authorization` (RFC 6750 §2.1) and in no log by accident. */
const KEY = /^[\x21-\x7e]+$/;

/**
 * A function that gives the key for the next request. A fixed key is checked at once.
 * @param {BrokerOptions["key"]} key
 * @returns {() => Promise<string>}
 */
export function keyOf(key) {
  if (typeof key === "function") return async () => checked(await key(), "what the function key returns");
  const fixed = checked(key, "key");
  return async () => fixed;
}

/**
 * @param {unknown} key
 * @param {string} what
 */
function checked(key, what) {
  if (typeof key !== "string" || key === "")
    throw new TypeError(`${what} is missing: it is the client key that the operator of the broker gave you, or a JWT`);
  if (!KEY.test(key))
    throw new TypeError(`${what} has a character that no client key has, such as a space or a line break`);
  return key;
}
