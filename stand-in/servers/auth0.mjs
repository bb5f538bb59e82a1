// Auth0: an API has to be named by `audience`; a body may be JSON; the issuer ends in a slash.

/** @import { Answer, Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { now } from "../jwt.mjs";
import { metadata, newJwt, refused, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 86_400;

/** @type {Server} */
export const auth0 = {
  async answer(asked) {
    const { base, path, params } = asked;
    const issuer = `${base}/`;
    if (path === "/.well-known/openid-configuration") {
      return metadata(issuer, `${base}/oauth/token`, ["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    }
    if (path !== "/oauth/token") return undefined;
    requireGrant(asked);
    const app = await authenticate(asked, {
      methods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      audiences: [issuer, `${base}/oauth/token`],
    });
    const audience = params.audience ?? app.audience;
    if (!audience) throw refused("access_denied", NO_AUDIENCE, 403);
    const { organization, scope } = params;
    const claims = {
      iss: issuer,
      sub: `${app.clientId}@clients`,
      aud: audience,
      ...(scope && { scope }),
      ...(organization && { org_id: organization }),
      gty: "client-credentials",
      azp: app.clientId,
    };
    return tokenAnswer(newJwt(claims, LIFETIME), { expires_in: LIFETIME, ...(scope && { scope }) });
  },
  throttled,
};

const NO_AUDIENCE = "No audience parameter was provided, and no default audience has been configured";

/**
 * @param {number} seconds
 * @returns {Answer}
 */
function throttled(seconds) {
  return {
    status: 429,
    headers: { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now() + seconds) },
    body: { error: "too_many_requests", error_description: "Global limit has been reached" },
  };
}
