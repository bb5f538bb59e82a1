// An API (`/resource/mcp`) that says which authorization server it wants tokens of (RFC 9728), and that server
// (`/resource/as`), whose metadata (RFC 8414) is where that RFC puts it, and whose tokens are for one API (RFC 8707). It
// signs them, and other APIs check them by its keys (`/resource/as/keys`).

/** @import { Method } from "../clients.mjs" */
/** @import { Answer, Asked, Server } from "../server.mjs" */

import { SignJWT, exportJWK, generateKeyPair } from "jose";

import { authenticate } from "../clients.mjs";
import { metadata, random, refused, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 1800;
const KEY = { alg: "ES256", kid: random(20) };
/** Made when the first token is signed, or the keys are asked for. @type {ReturnType<typeof generateKeyPair> | undefined} */
let pair;
const keys = () => (pair ??= generateKeyPair(KEY.alg));

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
      case "/as/keys":
        return { body: { keys: [{ ...(await exportJWK((await keys()).publicKey)), ...KEY, use: "sig" }] } };
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
  const { resource = "", scope } = params;
  const resources = [`${base}/mcp`, ...(app.resources ?? [])];
  if (!resources.includes(resource)) throw refused("invalid_target", "The resource is unknown.");
  const claims = { client_id: app.clientId, ...(scope && { scope }) };
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ ...KEY, typ: "at+jwt" })
    .setJti(random(16))
    .setIssuedAt();
  jwt.setIssuer(issuer).setAudience(resource).setSubject(app.clientId).setExpirationTime(`${LIFETIME} s`);
  const signed = await jwt.sign((await keys()).privateKey);
  return tokenAnswer(signed, { expires_in: LIFETIME, ...(scope && { scope }) });
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
