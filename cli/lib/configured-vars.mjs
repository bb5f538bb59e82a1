// Prints the variables of the Worker as JSON, as wrangler itself reads them: those of `wrangler dev`, with .dev.vars,
// or those that are deployed. It is a program of its own, because wrangler needs a newer Node.js than the scripts.
//
//   node cli/lib/configured-vars.mjs [--config FILE] [--env ENVIRONMENT] [--deployed] [--registry]
//
// With --registry, the KV namespace REGISTRY is one of them if it is bound: an empty object.

/** @import { Unstable_Config } from "./wrangler.d.ts" */

import { createRequire } from "node:module";
import util from "node:util";

import { configFile, wrangler } from "./project.mjs";
import { messageOf } from "./run.mjs";

const options = /** @type {const} */ ({
  config: { type: "string", default: configFile() },
  env: { type: "string" },
  deployed: { type: "boolean", default: false },
  registry: { type: "boolean", default: false },
});

/** @type {typeof import("./wrangler.d.ts")} The wrangler of the folder, and not one beside this file. */
const { unstable_getVarsForDev, unstable_readConfig } = createRequire(import.meta.url)(wrangler().folder);

try {
  const { config: file, env, deployed, registry } = util.parseArgs({ options }).values;
  const config = unstable_readConfig({ config: file, env }, { hideWarnings: true });
  if (env !== undefined && !config.definedEnvironments?.includes(env))
    throw new Error(`there is no environment ${env}.`);
  const bound = registry && config.kv_namespaces.some(({ binding }) => binding === "REGISTRY");
  console.log(
    JSON.stringify({ ...(deployed ? config.vars : withDevVars(config, env)), ...(bound && { REGISTRY: {} }) }),
  );
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}

/**
 * @param {Unstable_Config} config
 * @param {string | undefined} env
 */
function withDevVars(config, env) {
  const bindings = unstable_getVarsForDev(config.userConfigPath, undefined, config.vars, env, true);
  return Object.fromEntries(Object.entries(bindings).map(([name, { value }]) => [name, value]));
}
