// Vars as the Worker's bindings, for tools/explain.rs.

/** @import { Vars } from "./configured.mjs" */

/** A name under which a secret can be put. Anything else stays a fault: it may be the secret itself. */
const bindingName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The Worker sees text as text, and everything else as JSON.
 * @param {Vars} vars
 */
export function asBindings(vars) {
  /** @param {unknown} value */
  const binding = (value) => (typeof value === "string" ? { text: value } : { json: JSON.stringify(value) });
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, binding(value)]));
}

/**
 * The vars, with something in the place of each secret that the credentials need: secrets are put into the Worker,
 * not into files, and who may get what does not depend on them. `assumed` are the fields that need them.
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
  }
  if (vars.REGISTRY && !vars.REGISTRY_KEY) {
    filled.REGISTRY_KEY = Buffer.alloc(32).toString("base64");
    assumed.push("REGISTRY_KEY");
  }
  return { vars: filled, assumed: [...new Set(assumed)] };
}

/**
 * Empty where it is no table: what is wrong with it is for the Worker's own parser to say.
 * @param {unknown} value
 * @returns {Record<string, { client_secret?: unknown } | null>}
 */
function tableOf(value = {}) {
  try {
    return (typeof value === "string" ? JSON.parse(value || "{}") : value) ?? {};
  } catch {
    return {};
  }
}
