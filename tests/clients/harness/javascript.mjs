// The JavaScript libraries of docs/callers.md.

/** @import { Library } from "./libraries.mjs" */

import { NodeProgram } from "./node_program.mjs";

export const start = NodeProgram.start;

const identity = { env: ["environment", "environment-managed-identity"], keeps: true, route: "msi_token", start };
const authority = { env: ["environment", "environment-authority"], keeps: true, route: "token_endpoint", start };
const oauth = { env: ["environment"], keeps: false, route: "token_endpoint", start };

/** @type {Library[]} */
export const LIBRARIES = [
  {
    block: "js-azure-identity-managed-identity",
    row: "`@azure/identity`, managed identity",
    ...identity,
    sleepsMs: 5 * 2_000,
  },
  {
    block: "js-azure-identity-authority",
    row: "`@azure/identity`, authority",
    ...authority,
    sleepsMs: 3 * 2_000,
  },
  {
    block: "js-msal-node-managed-identity",
    row: "`@azure/msal-node`, managed identity",
    ...identity,
    sleepsMs: 3 * 2_000,
  },
  { block: "js-msal-node-authority", row: "`@azure/msal-node`, authority", ...authority },
  { block: "js-openid-client", row: "`openid-client`", ...oauth },
  { block: "js-oauth4webapi", row: "`oauth4webapi`", ...oauth },
  { block: "js-fetch", row: "`fetch`", ...oauth, route: "token" },
];

/** @param {string} name Of its block. */
export function library(name) {
  const found = LIBRARIES.find(({ block }) => block === name);
  if (!found) throw new Error(`no library has the block ${name}`);
  return found;
}
