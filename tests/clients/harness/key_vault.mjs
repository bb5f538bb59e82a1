// A key vault of Azure, as much of it as the tests of the proxy need: its secrets, each with its last version.

/** @import { Answer, Kind, Received } from "./service.mjs" */

import { DEFAULT_APP } from "../../workerd/harness/fixtures.mjs";

const VAULT = "https://example.vault.azure.net";
const AUTHORITY = `https://login.microsoftonline.com/${DEFAULT_APP.tenant}`;

/** @returns {Kind} */
export function keyVault() {
  /** @type {Map<string, string>} */
  const secrets = new Map();
  return {
    answer: (received) => answer(received, secrets),
    unauthorized: {
      ...failure(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."),
      headers: {
        "WWW-Authenticate": `Bearer authorization="${AUTHORITY}", resource="https://vault.azure.net"`,
      },
    },
  };
}

/** @type {(status: number, code: string, message: string) => Answer} */
const failure = (status, code, message) => ({ status, body: { error: { code, message } } });

/**
 * @param {Received} received
 * @param {Map<string, string>} secrets
 * @returns {Answer}
 */
function answer({ method, path, query, body }, secrets) {
  if (!query.get("api-version")) return failure(400, "BadParameter", "api-version must be specified.");
  const [, name = ""] = /^\/secrets\/([^/]+)/.exec(path) ?? [];
  if (method === "PUT" && body.length === 0) return failure(400, "BadParameter", "The request has no body.");
  if (method === "PUT") secrets.set(name, JSON.parse(String(body)).value);
  const value = secrets.get(name);
  if (value === undefined)
    return failure(404, "SecretNotFound", `A secret with (name/id) ${name} was not found in this key vault.`);
  const id = `${VAULT}/secrets/${name}/0123456789abcdef0123456789abcdef`;
  return { body: { value, id, attributes: { enabled: true, created: 1764237600, updated: 1764237600 } } };
}
