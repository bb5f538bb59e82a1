// Amazon Cognito: its metadata is on another host than its token endpoint, here on another path.

/** @import { Method } from "../clients.mjs" */
/** @import { Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { Refusal, metadata, newJwt, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 3600;
const POOL = "/eu-west-1_Example";
/** @type {Method[]} */
const METHODS = ["client_secret_basic", "client_secret_post"];

/** @type {Server} */
export const cognito = {
  async answer(asked) {
    if (asked.path !== "/oauth2/token") return undefined;
    requireGrant(asked);
    const app = await authenticated(asked);
    const { scope = "api/read api/write" } = asked.params;
    const claims = { iss: `${asked.origin}/cognito-idp${POOL}`, sub: app.clientId, token_use: "access", scope };
    return tokenAnswer(newJwt(claims, LIFETIME), { expires_in: LIFETIME });
  },
};

/** @type {Server} */
export const cognitoPool = {
  answer({ base, origin, path }) {
    if (path !== `${POOL}/.well-known/openid-configuration`) return undefined;
    return metadata(base + POOL, `${origin}/cognito/oauth2/token`, METHODS);
  },
};

/**
 * It refuses without a description, and with a 400.
 * @param {import("../server.mjs").Asked} asked
 */
async function authenticated(asked) {
  try {
    return await authenticate(asked, { methods: METHODS });
  } catch (error) {
    throw error instanceof Refusal ? new Refusal({ status: 400, body: { error: "invalid_client" } }) : error;
  }
}
