// The Python libraries of docs/callers.md.

/** @import { Library, Start } from "./libraries.mjs" */

import { DEFAULT_APP } from "../../workerd/harness/fixtures.mjs";
import { Api } from "./api.mjs";
import { find, named } from "./libraries.mjs";
import { PythonProgram, missing } from "./python_program.mjs";

/** Why there is no Python, for the `skip` of a test. */
export { missing };

export const start = PythonProgram.start;

const identity = { env: ["environment", "environment-managed-identity"], keeps: true, route: "msi_token", start };
const authority = { env: ["environment", "environment-authority"], keeps: true, route: "token_endpoint", start };
const oauth = { env: ["environment"], route: "token_endpoint" };
const session = { ...oauth, keeps: true, keepsUntilSecs: 60, start: startWithApi };
const secrets = { block: "python-azure-keyvault-secrets", start: startWithVault };

/** @type {Library[]} */
export const LIBRARIES = [
  { block: "python-azure-identity-managed-identity", row: "`azure-identity`, managed identity", ...identity },
  { block: "python-azure-identity-authority", row: "`azure-identity`, authority", ...authority },
  { row: "Azure SDK clients (Python), managed identity", ...identity, ...secrets },
  {
    row: "Azure SDK clients (Python), authority",
    ...authority,
    ...secrets,
    own: { env: { AZURE_TENANT_ID: DEFAULT_APP.tenant } },
  },
  { block: "python-msal-managed-identity", row: "`msal`, managed identity", ...identity },
  { block: "python-msal-authority", row: "`msal`, authority", ...authority },
  { block: "python-msal-oidc-authority", row: "`msal`, `oidc_authority`", ...authority },
  { block: "python-authlib", row: "Authlib", ...session },
  { block: "python-requests-oauthlib", row: "`requests-oauthlib`", ...session },
  { block: "python-requests", row: "`requests`", ...oauth, keeps: false, route: "token", start },
];

/** @param {string} name Of its block, or of its row. */
export const library = (name) => find(LIBRARIES, name);

/**
 * Starts a program that calls an API itself. A call gives the token that the API got.
 * @type {Start}
 */
async function startWithApi(source, env) {
  const api = await Api.start();
  const program = await start(source.replace(/https:\/\/[^/"]+(?=\/v1\.0\/organization)/, api.url), env);
  return named(program, api, (value) => value.value);
}

/**
 * Starts a program that reads a secret of a key vault, which is no part of vault.azure.net. The secret is the token that
 * the vault got.
 * @type {Start}
 */
export async function startWithVault(source, env, resource) {
  const api = await Api.start(resource);
  const program = await start(
    source
      .replace("https://example.vault.azure.net", api.url)
      .replace(", credential)", ", credential, verify_challenge_resource=False)"),
    env,
  );
  return named(program, api, (value) => value);
}
