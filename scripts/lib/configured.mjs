// The configuration as the commands read it.

import { join } from "node:path";

import { Failure, projectNode, run } from "./run.mjs";

/** The options by which a command is told which configuration is meant. */
export const configurationOptions = {
  config: { type: "string" },
  env: { type: "string" },
  local: { type: "boolean", default: false },
};

/**
 * The Worker's vars: with `local` those of `wrangler dev` (and .dev.vars), else those that are deployed. With
 * `withRegistry` the namespace REGISTRY is one of them, where it is bound.
 */
export async function readConfigured({ config, env, local }, { withRegistry = false } = {}) {
  const args = [
    ...(config ? ["--config", config] : []),
    ...(env ? ["--env", env] : []),
    ...(local ? [] : ["--deployed"]),
    ...(withRegistry ? ["--registry"] : []),
  ];
  const { code, output } = await run(projectNode, [join("scripts", "lib", "configured-vars.mjs"), ...args], {
    mayFail: true,
  });
  if (code !== 0) throw new Failure(`wrangler cannot read the configuration: ${output.trim()}`);
  return JSON.parse(output);
}

/** `CLIENTS` as an object, whether it is a table or JSON text. */
export function clientsOf({ CLIENTS: clients = {} }) {
  const table = typeof clients === "string" ? parsed(clients) : clients;
  if (typeof table !== "object" || table === null) {
    throw new Failure("CLIENTS is not a table or its JSON text: correct it in .dev.vars or wrangler.toml.");
  }
  return table;
}

function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return null;
  }
}
