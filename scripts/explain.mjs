// Who may get what, and why not: from the configuration alone, by the Worker's own code (tools/explain).
//
//   npm run explain                                          every client and its grants
//   npm run explain -- --scope SCOPE [--credential C]        every client that may get this
//   npm run explain -- --client NAME                         what this client may get
//   npm run explain -- --client NAME --scope SCOPE [--credential C]
//   npm run explain -- [--client NAME] --api API [--method M] [--path P]    who may send this (GET) to this path of the API
//
// It reads wrangler.toml, or what --config FILE, --env ENVIRONMENT and --local (with .dev.vars) say.
// Exit code: 0 allowed, 1 refused, 2 the configuration has faults.

/** @import { Place, Vars } from "./lib/configured.mjs" */

import { asBindings, assumeSecrets } from "./lib/bindings.mjs";
import { configurationOptions, readConfigured } from "./lib/configured.mjs";
import { hostTool } from "./lib/host-tool.mjs";
import { Failure, main, parseArguments, say, start } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

/** The exit code of tools/explain for a fault. */
const FAULTY = 2;
const usage = `Usage: npm run explain -- [--client NAME] [--scope SCOPE] [--credential CREDENTIAL] [--env ENVIRONMENT] [--local]
       npm run explain -- [--client NAME] --api API [--method METHOD] [--path PATH] [--env ENVIRONMENT] [--local]`;
const options = /** @type {const} */ ({
  client: { type: "string" },
  scope: { type: "string" },
  credential: { type: "string" },
  api: { type: "string" },
  method: { type: "string" },
  path: { type: "string" },
  ...configurationOptions,
});

main(async () => {
  const { client, scope, credential, api, method, path, ...where } = parseArguments(options, usage).values;
  if (api !== undefined && (scope ?? credential) !== undefined)
    throw new Failure(`--api is about requests, --scope and --credential are about tokens.\n${usage}`);
  if (api === undefined && (method ?? path) !== undefined)
    throw new Failure(`--method and --path are of an --api.\n${usage}`);
  await setUp();
  const configured = await read(where);
  if (configured === null) return FAULTY;
  const { vars, assumed } = assumeSecrets(configured);
  if (assumed.length > 0) say(`explain: not looked at, taken as set: ${assumed.join(", ")}`);
  return ask({ bindings: asBindings(vars), client, scope, credential, api, method, path });
});

/**
 * A file that wrangler cannot read is a fault of the configuration as well.
 * @param {Place} where
 */
async function read(where) {
  try {
    return await readConfigured(where, { withRegistry: true });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    return null;
  }
}

/**
 * The exit code is the answer's. The input goes to standard input, so that the list of processes shows nothing of the
 * configuration.
 * @param {{ bindings: Vars, client?: string, scope?: string, credential?: string, api?: string, method?: string, path?: string }} question
 */
async function ask(question) {
  const explain = await hostTool("explain");
  const child = start(explain, [], { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin?.end(JSON.stringify(question));
  return child.finished;
}
