// Vars as the Worker's bindings, for tools/explain.rs.

/** @import { Vars } from "./configured.mjs" */

import { randomBytes } from "node:crypto";

import { newIssuerKey } from "./issuer-key.mjs";

/** A possible name of a secret. Any other text stays a fault: it may be the secret itself. */
const bindingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The Worker gets text as text, and everything else as JSON.
 * @param {Vars} vars
 */
export function asBindings(vars) {
  /** @param {unknown} value */
  const binding = (value) => (typeof value === "string" ? { text: value } : { json: JSON.stringify(value) });
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, binding(value)]));
}

/**
 * The vars, with a placeholder for each secret that the credentials need. Secrets are in the Worker and not in files, and
 * grants do not depend on them. `assumed` has the fields that need them.
 * @param {Vars} vars
 */
export function assumeSecrets(vars) {
  const filled = { ...vars };
  /** @type {string[]} */
  const assumed = [];
  /** @type {(field: string, name: unknown) => void} */
  const assume = (field, name) => {
    if (typeof name !== "string" || !bindingName.test(name) || vars[name]) return;
    filled[name] = `assumed-${name}`;
    assumed.push(field);
  };
  if (vars.AZ_TENANT || vars.AZ_CLIENT_ID) assume("AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET");
  for (const [name, credential] of Object.entries(tableOf(vars.CREDENTIALS))) {
    const names = [credential?.client_secret].flat();
    names.forEach((secret) => assume(`CREDENTIALS.${name}.client_secret`, secret));
    if (credential?.federated && !filled.ISSUER_KEY) {
      filled.ISSUER_KEY = newIssuerKey().pem;
      assumed.push("ISSUER_KEY");
    }
  }
  if (vars.REGISTRY && !vars.REGISTRY_KEY) {
    filled.REGISTRY_KEY = randomBytes(32).toString("base64");
    assumed.push("REGISTRY_KEY");
  }
  return { vars: filled, assumed: [...new Set(assumed)] };
}

/**
 * Empty if it is no table: the Worker's own parser reports the fault.
 * @param {unknown} value
 * @returns {Record<string, { client_secret?: unknown, federated?: unknown } | null>}
 */
function tableOf(value = {}) {
  try {
    return (typeof value === "string" ? JSON.parse(value || "{}") : value) ?? {};
  } catch {
    return {};
  }
}
