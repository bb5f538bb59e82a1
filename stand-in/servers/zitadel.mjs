// Zitadel: service accounts with a key use a grant of their own, and have to ask for the scope `openid`.

/** @import { Asked, Server } from "../server.mjs" */

import { authenticate, keyOf } from "../clients.mjs";
import { JwtFlaw, decode, verify } from "../jwt.mjs";
import { metadata, newJwt, random, refused, requireGrant, tokenAnswer } from "../server.mjs";
import { JWT_BEARER } from "./salesforce.mjs";

const TOKEN_PATH = "/oauth/v2/token";
const LIFETIME = 43_199;

/** @type {Server} */
export const zitadel = {
  async answer(asked) {
    const { base, path, params } = asked;
    if (path === "/.well-known/openid-configuration") {
      return metadata(base, base + TOKEN_PATH, ["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    }
    if (path !== TOKEN_PATH) return undefined;
    requireGrant(asked, ["client_credentials", JWT_BEARER]);
    const subject =
      params.grant_type === JWT_BEARER
        ? await subjectOf(asked)
        : (await authenticate(asked, { methods: ["client_secret_basic", "client_secret_post"] })).clientId;
    if (!params.scope?.split(" ").includes("openid")) throw refused("invalid_scope", "The scope openid is missing.");
    const id = newJwt({ iss: base, aud: subject, sub: subject }, LIFETIME);
    return tokenAnswer(random(90), { expires_in: LIFETIME, id_token: id });
  },
};

/**
 * The user who signed the assertion of this grant.
 * @param {Asked} asked
 */
async function subjectOf({ base, params, apps }) {
  const jwt = params.assertion ?? "";
  try {
    const { header, claims } = decode(jwt);
    const app = apps.find(({ clientId }) => clientId === claims.iss);
    if (!app || header.kid === undefined) throw new JwtFlaw("issuer");
    const expected = {
      algorithms: ["RS256"],
      subject: app.clientId,
      audience: base,
      lifetime: 3600,
      required: ["iat"],
    };
    await verify(jwt, keyOf(app, header.kid), expected);
    return app.clientId;
  } catch (error) {
    if (!(error instanceof JwtFlaw)) throw error;
    throw refused("invalid_grant", `The assertion is invalid (${error.message}).`);
  }
}
