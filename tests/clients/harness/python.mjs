// The Python libraries of docs/callers.md.

/** @import { Library, Program } from "./libraries.mjs" */

import { localCa } from "../../workerd/harness/tls.mjs";
import { Api } from "./api.mjs";
import { PythonProgram, missing } from "./python_program.mjs";

/** Why there is no Python, for the `skip` of a test. */
export { missing };

export const start = PythonProgram.start;

const identity = { env: ["environment", "environment-managed-identity"], keeps: true, route: "msi_token", start };
const authority = { env: ["environment", "environment-authority"], keeps: true, route: "token_endpoint", start };
const oauth = { env: ["environment"], route: "token_endpoint" };
/** azure-core asks three times more. */
const sleepsMs = 3 * 2_000;

/** @type {Library[]} */
export const LIBRARIES = [
  { block: "python-azure-identity-managed-identity", row: "`azure-identity`, managed identity", ...identity, sleepsMs },
  { block: "python-azure-identity-authority", row: "`azure-identity`, authority", ...authority, sleepsMs },
  { block: "python-msal-managed-identity", row: "`msal`, managed identity", ...identity },
  { block: "python-msal-authority", row: "`msal`, authority", ...authority },
  { block: "python-msal-oidc-authority", row: "`msal`, `oidc_authority`", ...authority },
  { block: "python-authlib", row: "Authlib", ...oauth, keeps: true, keepsUntilSecs: 60, start: startWithApi },
  {
    block: "python-requests-oauthlib",
    row: "`requests-oauthlib`",
    ...oauth,
    keeps: true,
    keepsUntilSecs: 60,
    start: startWithApi,
  },
  { block: "python-requests", row: "`requests`", ...oauth, keeps: false, route: "token", start },
];

/** @type {Api | undefined} */
let api;

/**
 * Starts a program that calls an API itself. A call gives the token that the API got.
 * @param {string} source
 * @param {Record<string, string>} env
 * @returns {Promise<Program>}
 */
async function startWithApi(source, env) {
  api ??= await Api.start(localCa().pair);
  const program = await start(source.replace(/https:\/\/[^/"]+(?=\/v1\.0\/organization)/, api.url), env);
  const call = program.call.bind(program);
  return Object.assign(program, {
    async call() {
      const { value, ...outcome } = await call();
      return { value: value?.value, ...outcome };
    },
  });
}

/** @param {string} name Of its block. */
export function library(name) {
  const found = LIBRARIES.find(({ block }) => block === name);
  if (!found) throw new Error(`no library has the block ${name}`);
  return found;
}
