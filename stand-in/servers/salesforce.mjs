// Salesforce: no `expires_in`, but where the organization is; and a second grant with a signed assertion.

/** @import { Asked, Server } from "../server.mjs" */

import { authenticate, keyOf } from "../clients.mjs";
import { JwtFlaw, decode, verify } from "../jwt.mjs";
import { metadata, random, refused, requireGrant, tokenAnswer } from "../server.mjs";

const TOKEN_PATH = "/services/oauth2/token";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ORGANIZATION = "00Dxx0000001gPL";
/** The most seconds that `exp` may be ahead: five minutes, and a clock that is a little off. */
const ASSERTION_LIFETIME = 330;

/** @type {Server} */
export const salesforce = {
  async answer(asked) {
    const { base, path, params } = asked;
    if (path === "/.well-known/openid-configuration") {
      return metadata(base, base + TOKEN_PATH, ["client_secret_post", "client_secret_basic", "private_key_jwt"]);
    }
    if (path !== TOKEN_PATH) return undefined;
    requireGrant(asked, ["client_credentials", JWT_BEARER]);
    const user =
      params.grant_type === JWT_BEARER
        ? await userOfAssertion(asked)
        : (await authenticate(asked, { methods: ["client_secret_basic", "client_secret_post"] })).clientId;
    const token = `${ORGANIZATION}!${random(60)}`;
    return tokenAnswer(token, {
      signature: Buffer.from(random(24)).toString("base64"),
      scope: "api",
      instance_url: base,
      api_instance_url: base,
      id: `${base}/id/${ORGANIZATION}/${Buffer.from(user).toString("hex").slice(0, 15)}`,
      issued_at: String(Date.now()),
    });
  },
};

/**
 * The user whom the assertion of this grant is for.
 * @param {Asked} asked
 */
async function userOfAssertion({ base, params, apps }) {
  const jwt = params.assertion ?? "";
  try {
    const { header, claims } = decode(jwt);
    const app = apps.find(({ clientId }) => clientId === claims.iss);
    if (!app) throw refused("invalid_client_id", "client identifier invalid");
    const expected = { algorithms: ["RS256"], audience: base, lifetime: ASSERTION_LIFETIME };
    await verify(jwt, keyOf(app, header.kid), expected);
    const { sub = "" } = claims;
    if (!app.users?.includes(sub)) throw refused("invalid_grant", "user hasn't approved this consumer");
    return sub;
  } catch (error) {
    if (!(error instanceof JwtFlaw)) throw error;
    throw refused("invalid_grant", error.flaw === "audience" ? "audience is invalid" : "invalid assertion");
  }
}
