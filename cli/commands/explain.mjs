// Who may get what, and why not: from the configuration alone, by the Worker's own code (tools/explain).

/** @import { Place, Vars } from "../lib/configured.mjs" */

import { asBindings, assumeSecrets } from "../lib/bindings.mjs";
import { command, misused } from "../lib/command.mjs";
import { configurationHelp, configurationOptions, readConfigured } from "../lib/configured.mjs";
import { ExitCode, Faulty, say } from "../lib/run.mjs";
import { runTool } from "../lib/tool.mjs";

const explain = command({
  name: "explain",
  usage: `[--client NAME] [--scope SCOPE] [--credential CREDENTIAL]
[--client NAME] --api API [--method METHOD] [--path PATH]
… [--config FILE] [--env ENVIRONMENT] [--local] [--json]`,
  help: `
Says who may get which token and who may send what to which API, and why not: from the configuration alone, by the
Worker's own code. Without options it lists every client with its grants.

  --client NAME            only this client
  --scope SCOPE            who may get a token with this scope
  --credential CREDENTIAL  of this credential; default: default
  --api API                who may send requests to this entry of APIS
  --method METHOD          with this method; default: GET
  --path PATH              to this path under the API's base
  --json                   prints the answer as JSON
${configurationHelp}

Exit codes: 0 allowed; 1 refused; 2 the arguments or the configuration are wrong.`,
  options: {
    client: { type: "string" },
    scope: { type: "string" },
    credential: { type: "string" },
    api: { type: "string" },
    method: { type: "string" },
    path: { type: "string" },
    json: { type: "boolean", default: false },
    ...configurationOptions,
  },
  async run({ client, scope, credential, api, method, path, json, ...where }) {
    if (api !== undefined && (scope ?? credential) !== undefined)
      throw misused(explain, "--api is about requests, --scope and --credential are about tokens.");
    if (api === undefined && (method ?? path) !== undefined)
      throw misused(explain, "--method and --path are of an --api.");
    const configured = await read(where, json);
    if (configured === null) return ExitCode.faulty;
    const { vars, assumed } = assumeSecrets(configured);
    const question = { bindings: asBindings(vars), client, scope, credential, api, method, path };
    if (json) return askForProgram(question, assumed);
    if (assumed.length > 0) say(`explain: not looked at, taken as set: ${assumed.join(", ")}`);
    return ask(question);
  },
});
export default explain;

/**
 * A file that wrangler cannot read is a fault of the configuration as well.
 * @param {Place} where
 * @param {boolean} json
 */
async function read(where, json) {
  try {
    return await readConfigured(where, { withRegistry: true });
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    if (json) console.log(JSON.stringify({ allowed: false, faults: [{ reason: error.message }] }));
    else say(error.message);
    return null;
  }
}

/**
 * @typedef {object} Question
 * @property {Vars} bindings
 * @property {string | undefined} client
 * @property {string | undefined} scope
 * @property {string | undefined} credential
 * @property {string | undefined} api
 * @property {string | undefined} method
 * @property {string | undefined} path
 */

/**
 * The exit code is the answer's.
 * @param {Question} question
 */
async function ask(question) {
  const { code, stdout } = await runTool("explain", question);
  process.stdout.write(stdout);
  return code;
}

/**
 * The same as JSON, with the fields whose secrets are taken as set.
 * @param {Question} question
 * @param {string[]} assumed
 */
async function askForProgram(question, assumed) {
  const { code, stdout } = await runTool("explain", { ...question, format: "json" });
  console.log(JSON.stringify({ ...JSON.parse(stdout), assumed }));
  return code;
}
