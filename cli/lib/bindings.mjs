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

/**
 * The vars, with a placeholder for each secret that the credentials need. Secrets are in the Worker or in Secrets Store and
 * not in files, and grants do not depend on them. `assumed` has the fields that need them.
 * @param {Vars} vars
 */
export function assumeSecrets(vars) {
  const filled = { ...vars };
  /** @type {string[]} */
  const assumed = [];
  /** @type {(field: string, name: unknown) => void} */
  const assume = (field, name) => {
    if (typeof name !== "string" || !bindingName.test(name) || vars[name]) return;
    filled[name] = UNSEEN;
    assumed.push(field);
  };
  if ((vars.AZ_TENANT || vars.AZ_CLIENT_ID) && !vars.AZ_CLIENT_CERTIFICATE)
    assume("AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET");
  for (const [name, credential] of Object.entries(tableOf(vars.CREDENTIALS))) {
    for (const field of secretFields)
      for (const secret of [credential?.[field]].flat()) assume(`CREDENTIALS.${name}.${field}`, secret);
    if (credential?.federated && !filled.ISSUER_KEY) {
      // Its public half is published, so it has to be a key.
      filled.ISSUER_KEY = newIssuerKey().pem;
      assumed.push("ISSUER_KEY");
    }
  }
  if (vars.REGISTRY) assume("REGISTRY_KEY", "REGISTRY_KEY");
  return { vars: filled, assumed: [...new Set(assumed)] };
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
