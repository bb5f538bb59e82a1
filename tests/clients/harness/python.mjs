// The Python libraries of docs/callers.md, each as the program of its block.

/** @import { Library } from "./libraries.mjs" */

import { PythonProgram, missing } from "./python_program.mjs";

/** Why there is no Python, for the `skip` of a test. */
export { missing };

const start = PythonProgram.start;
const identity = { env: ["environment", "environment-managed-identity"], keepsUntil: 300, route: "msi" };
const authority = { env: ["environment", "environment-authority"], keepsUntil: 300, route: "token_endpoint" };
const oauth = { env: ["environment"], keepsUntil: 60, route: "token_endpoint" };

/** @type {Library[]} */
export const LIBRARIES = [
  { block: "python-azure-identity-managed-identity", row: "`azure-identity`, managed identity", start, ...identity },
  { block: "python-azure-identity-authority", row: "`azure-identity`, authority", start, ...authority },
  { block: "python-msal-managed-identity", row: "`msal`, managed identity", start, ...identity },
  { block: "python-msal-authority", row: "`msal`, authority", start, ...authority },
  { block: "python-msal-oidc-authority", row: "`msal`, `oidc_authority`", start, ...authority },
  { block: "python-authlib", row: "Authlib", start, ...oauth },
  { block: "python-requests-oauthlib", row: "`requests-oauthlib`", start, ...oauth },
  { block: "python-requests", row: "`requests`", start, env: ["environment"], keepsUntil: 0, route: "token" },
];
