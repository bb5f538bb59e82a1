// The JavaScript libraries of docs/callers.md, and the client of docs/client.md.

/** @import { Library, Start } from "./libraries.mjs" */

import { Api } from "./api.mjs";
import { find, named } from "./libraries.mjs";
import { NodeProgram } from "./node_program.mjs";

export const start = NodeProgram.start;

/** The resource whose tokens a storage account takes, unless its client is told another one. */
const STORAGE = "https://storage.azure.com";

const identity = { env: ["environment", "environment-managed-identity"], keeps: true, route: "msi_token", start };
const authority = { env: ["environment", "environment-authority"], keeps: true, route: "token_endpoint", start };
const oauth = { env: ["environment"], keeps: false, route: "token_endpoint", start };
const blobs = { start: startWithStorage, keepsUntilSecs: 120, renewsBehind: true };

/** @type {Library[]} */
export const LIBRARIES = [
  {
    block: "js-azure-identity-managed-identity",
    row: "`@azure/identity`, `DefaultAzureCredential` as managed identity",
    ...identity,
  },
  {
    block: "js-azure-identity-managed-identity",
    row: "`@azure/identity`, `ManagedIdentityCredential`",
    ...identity,
    own: {
      texts: { DefaultAzureCredential: "ManagedIdentityCredential" },
      env: { AZURE_TOKEN_CREDENTIALS: undefined },
    },
  },
  { block: "js-azure-identity-authority", row: "`@azure/identity`, authority", ...authority },
  {
    block: "js-azure-storage-blob-managed-identity",
    row: "Azure SDK clients, managed identity",
    ...identity,
    ...blobs,
  },
  { block: "js-azure-storage-blob-authority", row: "Azure SDK clients, authority", ...authority, ...blobs },
  { block: "js-msal-node-managed-identity", row: "`@azure/msal-node`, managed identity", ...identity },
  { block: "js-msal-node-authority", row: "`@azure/msal-node`, authority", ...authority },
  { block: "js-openid-client", row: "`openid-client`", ...oauth },
  { block: "js-oauth4webapi", row: "`oauth4webapi`", ...oauth },
  { block: "js-fetch", row: "`fetch`", ...oauth, route: "token" },
];

const client = { env: ["environment"], route: "token" };

/** @type {Library[]} The broker's own client. */
export const CLIENT = [
  { block: "client-credential", row: "`BrokerCredential` in an Azure SDK client", ...client, keeps: true, ...blobs },
  { block: "client-get-token", row: "`BrokerCredential`", ...client, keeps: false, start },
  { block: "client-fetch", row: "`brokerFetch`", ...client, keeps: true, start: startWithGraph },
];

/** @param {string} name Of its block, or of its row. */
export const library = (name) => find([...LIBRARIES, ...CLIENT], name);

/**
 * Starts a program that lists the containers of a storage account. A call gives the token that the account got.
 * @type {Start}
 */
async function startWithStorage(source, env, resource) {
  const api = await Api.start();
  const options = resource === STORAGE ? "" : `, { audience: "${resource}/.default" }`;
  const program = await start(
    source
      .replace("https://account.blob.core.windows.net", `${api.url}/account`)
      .replace(/(new BlobServiceClient\(.*)\);/, `$1${options});`),
    env,
  );
  return named(program, api, (value) => value[0]);
}

/**
 * Starts a program that reads from Microsoft Graph. A call gives the token that the API got.
 * @type {Start}
 */
async function startWithGraph(source, env, resource) {
  const api = await Api.start();
  return named(await start(source.replaceAll(`${resource}/v1.0`, `${api.url}/v1.0`), env), api, (value) => value);
}
