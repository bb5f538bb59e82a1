// Reads the configuration for the commands.

import { fileURLToPath } from "node:url";

import { nodeOfWrangler, wranglerEnv } from "./project.mjs";
import { Failure, Faulty, run } from "./run.mjs";

const program = fileURLToPath(new URL("configured-vars.mjs", import.meta.url));

/** The options that say which configuration a command reads. */
export const configurationOptions = /** @type {const} */ ({
  config: { type: "string" },
  env: { type: "string" },
  local: { type: "boolean", default: false },
});

export const configurationHelp = `
  --config FILE            another file than wrangler.toml, wrangler.jsonc or wrangler.json
  --env ENVIRONMENT        that environment of it
  --local                  as \`wrangler dev\` reads it, with .dev.vars`;

/** @typedef {{ config?: string | undefined, env?: string | undefined, local?: boolean | undefined }} Place What `configurationOptions` come to. */

/** @typedef {Record<string, unknown>} Vars The Worker's variables: name → text or a table. */

/**
 * @typedef {{ credential: string, scope?: string, keep_warm?: boolean, cae?: boolean }
 *   | { api: string, methods?: string[], paths?: string[] }} Grant An entry of `allow`.
 */

/**
 * @typedef {object} Client One of CLIENTS, as the commands use it.
 * @property {string[]} [key_sha256]
 * @property {string[]} [mtls_sha256]
 * @property {string[]} [origins]
 * @property {Grant[]} allow
 */

/**
 * The Worker's vars: with `local` those of `wrangler dev` (and .dev.vars), else those that are deployed. With
 * `withRegistry`, the namespace REGISTRY is one of them if it is bound.
 * @param {Place} place
 * @returns {Promise<Vars>}
 */
export async function readConfigured({ config, env, local }, { withRegistry = false } = {}) {
  const args = [
    ...(config ? ["--config", config] : []),
    ...(env ? ["--env", env] : []),
    ...(local ? [] : ["--deployed"]),
    ...(withRegistry ? ["--registry"] : []),
  ];
  const options = { env: wranglerEnv(), mayFail: true };
  const { code, stdout, output } = await run(nodeOfWrangler(), [program, ...args], options);
  if (code !== 0) throw new Faulty(`wrangler cannot read the configuration: ${output.trim()}`);
  // Node.js may have lines of its own on standard error.
  const vars = parsed(stdout);
  if (vars === null)
    throw new Failure("What wrangler has read is no JSON: does something write to its standard output?");
  return /** @type {Vars} */ (vars);
}

/**
 * `CLIENTS` as an object, whether it is a table or JSON text.
 * @param {Vars} vars
 * @returns {Record<string, Client>}
 */
export function clientsOf({ CLIENTS: clients = {} }) {
  return /** @type {Record<string, Client>} */ (tableOf("CLIENTS", clients));
}

/**
 * `CREDENTIALS` as an object, likewise.
 * @param {Vars} vars
 */
export function credentialsOf({ CREDENTIALS: credentials = {} }) {
  return tableOf("CREDENTIALS", credentials);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function tableOf(name, value) {
  const table = typeof value === "string" ? parsed(value) : value;
  if (typeof table !== "object" || table === null) {
    throw new Faulty(`${name} is not a table or its JSON text: correct it in .dev.vars or wrangler.toml.`);
  }
  return table;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return null;
  }
}
