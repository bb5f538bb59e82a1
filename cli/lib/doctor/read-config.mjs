// Prints the whole configuration as JSON, as wrangler itself reads it, and what wrangler warns of. It is a program of its
// own, because wrangler needs a newer Node.js than the commands.
//
//   node cli/lib/doctor/read-config.mjs FILE [ENVIRONMENT]

import { createRequire } from "node:module";

import { wrangler } from "../project.mjs";
import { messageOf } from "../run.mjs";

/** @typedef {import("../wrangler.d.ts").Unstable_Config} Config */

/** @typedef {{ config: Config, warnings: string[] } | { fault: string }} Read */

const [, , file = "", env] = process.argv;
/** @type {string[]} */
const warnings = [];
// wrangler has no other way to say them.
console.warn = (...texts) => warnings.push(texts.join(" "));

console.log(JSON.stringify(read()));

/** @returns {Read} */
function read() {
  try {
    /** @type {typeof import("../wrangler.d.ts")} The wrangler of the folder, and not one beside this file. */
    const { unstable_readConfig } = createRequire(import.meta.url)(wrangler().folder);
    const config = unstable_readConfig({ config: file, env }, { hideWarnings: false });
    if (env !== undefined && !config.definedEnvironments?.includes(env))
      return { fault: `there is no environment ${env}` };
    return { config, warnings };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}
