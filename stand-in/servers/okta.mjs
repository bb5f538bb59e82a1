// Okta: the organization's own server takes a signed assertion only; a custom server has an issuer of its own. A scope
// has to be named. Where a client asks too often, a header says until when, and it is not `Retry-After`.

/** @import { Method } from "../clients.mjs" */
/** @import { Answer, Asked, Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { now } from "../jwt.mjs";
import { metadata, newJwt, random, refused, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 3600;

/** Where each server is, under the base: its prefix → what is different. */
const PLACES = [
  {
    issuer: "/oauth2/default",
    token: "/oauth2/default/v1/token",
    methods: methods("client_secret_basic", "client_secret_post", "private_key_jwt"),
  },
  { issuer: "", token: "/oauth2/v1/token", methods: methods("private_key_jwt") },
];

/** @type {Server} */
export const okta = {
  async answer(asked) {
    const { base, path } = asked;
    const place = PLACES.find(
      ({ issuer, token }) => path === token || DOCUMENTS.some((name) => path === issuer + name),
    );
    if (!place) return undefined;
    const issuer = base + place.issuer;
    if (path !== place.token) return metadata(issuer, base + place.token, place.methods);
    requireGrant(asked);
    if (place.methods.length === 1 && asked.params.client_assertion === undefined) throw refused("invalid_client", ORG);
    const app = await authenticate(asked, { methods: place.methods, audiences: [base + path, issuer] });
    return token(asked, issuer, app.clientId);
  },
  throttled,
};

const DOCUMENTS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
const ORG =
  "Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method.";
const NO_SCOPE =
  "The authorization server resource does not have any configured default scopes, 'scope' must be provided.";

/** @param {Method[]} names */
function methods(...names) {
  return names;
}

/**
 * @param {Asked} asked
 * @param {string} issuer
 * @param {string} clientId
 */
function token({ params: { scope } }, issuer, clientId) {
  if (!scope) throw refused("invalid_scope", NO_SCOPE);
  const claims = { ver: 1, iss: issuer, aud: "api://default", cid: clientId, sub: clientId, scp: scope.split(" ") };
  return tokenAnswer(newJwt(claims, LIFETIME), { expires_in: LIFETIME, scope });
}

/**
 * @param {number} seconds
 * @returns {Answer}
 */
function throttled(seconds) {
  return {
    status: 429,
    headers: {
      "X-Rate-Limit-Limit": "600",
      "X-Rate-Limit-Remaining": "0",
      "X-Rate-Limit-Reset": String(now() + seconds),
    },
    body: {
      errorCode: "E0000047",
      errorSummary: "API call exceeded rate limit due to too many requests.",
      errorLink: "E0000047",
      errorId: random(16),
      errorCauses: [],
    },
  };
}
