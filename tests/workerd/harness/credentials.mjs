// A broker with a credential of each kind against the stand-in.
//
//   const { bindings, grants } = credentialBindings(kindsAt(url, ["okta", "github"]));   // vars and secrets of the broker
//   register(world.authority, world.broker.url, kinds);                                  // before the first token request

/** @import { RunningAuthority } from "../../../stand-in/authority.mjs" */
/** @import { Kind } from "../../../stand-in/kinds.mjs" */

import { bindingsOf, kindsOf } from "../../../stand-in/kinds.mjs";
import { newKeys } from "../../../stand-in/keys.mjs";

/** The broker's `ISSUER`. The stand-in finds its documents at the broker's port. */
export const ISSUER = "https://broker.example";

/** Made once for each test file. */
export const KEYS = newKeys();

/**
 * The kinds with these names, or all.
 * @param {string} url The stand-in's.
 * @param {string[]} [names]
 */
export function kindsAt(url, names) {
  const kinds = kindsOf({ url, keys: KEYS, issuer: ISSUER });
  return names ? kinds.filter(({ name }) => names.includes(name)) : kinds;
}

/**
 * The bindings for `kinds`: vars and secrets alike, and the grants for a client.
 * @param {Kind[]} kinds
 */
export function credentialBindings(kinds) {
  const { vars, secrets, grants } = bindingsOf(kinds, { keys: KEYS, issuer: ISSUER });
  return { bindings: { ...vars, ...secrets }, grants };
}

/**
 * Makes the kinds known to the stand-in, and the broker's documents to be found.
 * @param {RunningAuthority} authority
 * @param {string} brokerUrl
 * @param {Kind[]} kinds
 */
export function register(authority, brokerUrl, kinds) {
  authority.apps.push(...kinds.map(({ app }) => app));
  authority.resolve(ISSUER, brokerUrl);
}
