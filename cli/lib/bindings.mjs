// Vars as the Worker's bindings, for tools/explain.

/** @import { Vars } from "./configured.mjs" */

import { newIssuerKey } from "./issuer-key.mjs";

/** A possible name of a secret. Any other text stays a fault: it may be the secret itself. */
const bindingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The fields of a credential that name secrets. */
const secretFields = ["client_secret", "certificate", "private_key", "service_account"];

/** In place of a secret that is set. The Worker's parser takes it as one without a fault. */
const UNSEEN = Symbol("unseen");

/**
 * The Worker gets text as text, and everything else as JSON.
 * @param {Vars} vars
 */
export function asBindings(vars) {
  /** @param {unknown} value */
  const binding = (value) =>
    value === UNSEEN ? { unseen: true } : typeof value === "string" ? { text: value } : { json: JSON.stringify(value) };
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, binding(value)]));
}

/** @typedef {{ field: string, name: string }} NeededSecret A field of the configuration, and the secret that it names. */

/**
 * The secrets that the configuration needs, whether they are set or not.
 * @param {Vars} vars
 */
export function neededSecrets(vars) {
  /** @type {NeededSecret[]} */
  const needed = [];
  /** @type {(field: string, name: unknown) => void} */
  const need = (field, name) => {
    if (typeof name === "string" && bindingName.test(name)) needed.push({ field, name });
  };
  if ((vars.AZ_TENANT || vars.AZ_CLIENT_ID) && !vars.AZ_CLIENT_CERTIFICATE)
    need("AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET");
  for (const [name, credential] of Object.entries(tableOf(vars.CREDENTIALS))) {
    for (const field of secretFields)
      for (const secret of [credential?.[field]].flat()) need(`CREDENTIALS.${name}.${field}`, secret);
    if (credential?.federated) need("ISSUER_KEY", "ISSUER_KEY");
  }
  if (vars.REGISTRY) need("REGISTRY_KEY", "REGISTRY_KEY");
  return needed;
}

/**
 * The vars, with a placeholder for each secret that the credentials need. Secrets are in the Worker or in Secrets Store and
 * not in files, and grants do not depend on them. `assumed` has the fields that need them.
 * @param {Vars} vars
 */
export function assumeSecrets(vars) {
  const filled = { ...vars };
  const missing = neededSecrets(vars).filter(({ name }) => !vars[name]);
  // The public half of the issuer's key is published, so it has to be a key.
  for (const { name } of missing) filled[name] ||= name === "ISSUER_KEY" ? newIssuerKey().pem : UNSEEN;
  return { vars: filled, assumed: [...new Set(missing.map(({ field }) => field))] };
}

/**
 * Empty if it is no table: the Worker's own parser reports the fault.
 * @param {unknown} value
 * @returns {Record<string, Record<string, unknown> | null>}
 */
function tableOf(value = {}) {
  try {
    return (typeof value === "string" ? JSON.parse(value || "{}") : value) ?? {};
  } catch {
    return {};
  }
}
