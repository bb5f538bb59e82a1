// Google, for service accounts: the whole request is in a signed assertion.

/** @import { Answer, App, Asked, Server } from "../server.mjs" */
/** @import { Parts } from "../jwt.mjs" */

import { keyOf } from "../clients.mjs";
import { JwtFlaw, decode, now, verify } from "../jwt.mjs";
import { random, refused, tokenAnswer } from "../server.mjs";
import { JWT_BEARER } from "./salesforce.mjs";

const LIFETIME = 3600;

/** @type {Server} */
export const google = {
  async answer(asked) {
    const { path, params } = asked;
    if (path !== "/token") return undefined;
    if (params.grant_type !== JWT_BEARER) {
      throw refused("unsupported_grant_type", `Invalid grant_type: ${params.grant_type}`);
    }
    const { app, claims } = await verified(asked);
    if (typeof claims.scope !== "string" || claims.scope === "") {
      throw refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    if (claims.sub !== undefined && claims.sub !== app.clientId && !app.users?.includes(claims.sub)) {
      throw refused("unauthorized_client", NOT_DELEGATED, 401);
    }
    return tokenAnswer(`ya29.c.${random(200)}`, { expires_in: 3599 });
  },
};

const NOT_DELEGATED =
  "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
const TIME =
  "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";

/**
 * @param {Asked} asked
 * @returns {Promise<{ app: App, claims: Parts["claims"] }>}
 */
async function verified({ base, params, apps }) {
  const jwt = params.assertion ?? "";
  try {
    const { header, claims } = decode(jwt);
    const app = apps.find(({ clientId }) => clientId === claims.iss);
    if (!app) throw refused("invalid_grant", "Invalid grant: account not found");
    if (header.kid !== undefined && !app.keys?.some(({ kid }) => kid === header.kid)) throw new JwtFlaw("signature");
    const expected = { algorithms: ["RS256"], audience: `${base}/token`, lifetime: LIFETIME, required: ["iat"] };
    await verify(jwt, keyOf(app, header.kid), expected);
    const { iat = 0, exp = 0 } = claims;
    if (iat > now() || exp - iat > LIFETIME) throw new JwtFlaw("lifetime");
    return { app, claims };
  } catch (error) {
    if (!(error instanceof JwtFlaw)) throw error;
    throw refused("invalid_grant", WORDS[error.flaw] ?? "Bad Request");
  }
}

/** @type {Partial<Record<import("../jwt.mjs").Flaw, string>>} */
const WORDS = {
  malformed: "Invalid JWT: Failed to parse the assertion.",
  signature: "Invalid JWT Signature.",
  algorithm: "Invalid JWT Signature.",
  audience: "Invalid JWT: Failed audience check.",
  expired: TIME,
  premature: TIME,
  lifetime: TIME,
  claim: TIME,
};
