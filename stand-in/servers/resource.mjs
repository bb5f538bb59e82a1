// An API (`/resource/mcp`) that says which authorization server it wants tokens of (RFC 9728), and that server
// (`/resource/as`), whose metadata (RFC 8414) is where that RFC puts it, and whose tokens are for one API (RFC 8707).

/** @import { Method } from "../clients.mjs" */
/** @import { Answer, Asked, Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { metadata, newJwt, refused, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 1800;
/** @type {Method[]} */
const METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/** @type {Server} */
export const resource = {
  async answer(asked) {
    const { base, path } = asked;
    const issuer = `${base}/as`;
    switch (path) {
      case "/.well-known/oauth-protected-resource/mcp":
        return {
          body: { resource: `${base}/mcp`, authorization_servers: [issuer], bearer_methods_supported: ["header"] },
        };
      case "/.well-known/oauth-authorization-server/as":
        return metadata(issuer, `${issuer}/token`, METHODS);
      case "/as/token":
        return token(asked, issuer);
      case "/mcp":
        return api(asked);
      default:
        return undefined;
    }
  },
};

/**
 * @param {Asked} asked
 * @param {string} issuer
 */
async function token(asked, issuer) {
  const { base, params } = asked;
  requireGrant(asked);
  const app = await authenticate(asked, { methods: METHODS, audiences: [issuer, `${issuer}/token`] });
  if (params.resource !== `${base}/mcp`) throw refused("invalid_target", "The resource is unknown.");
  const { scope } = params;
  const claims = { iss: issuer, aud: params.resource, sub: app.clientId, client_id: app.clientId };
  return tokenAnswer(newJwt(claims, LIFETIME), { expires_in: LIFETIME, ...(scope && { scope }) });
}

/**
 * @param {Asked} asked
 * @returns {Answer}
 */
function api({ base, origin, headers, wasIssued }) {
  const [, token = ""] = (headers.authorization ?? "").split(" ");
  if (wasIssued(token)) return { body: { jsonrpc: "2.0", id: 1, result: {} } };
  const document = `${origin}/.well-known/oauth-protected-resource${base.slice(origin.length)}/mcp`;
  return { status: 401, headers: { "WWW-Authenticate": `Bearer resource_metadata="${document}"` }, body: "" };
}
