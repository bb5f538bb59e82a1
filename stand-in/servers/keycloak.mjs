// Keycloak: tokens live for a minute.

/** @import { Method } from "../clients.mjs" */
/** @import { Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { metadata, newJwt, requireGrant, tokenAnswer } from "../server.mjs";

const LIFETIME = 60;
const REALM = "/realms/demo";
const TOKEN_PATH = `${REALM}/protocol/openid-connect/token`;
/** @type {Method[]} */
const METHODS = ["private_key_jwt", "client_secret_basic", "client_secret_post"];

/** @type {Server} */
export const keycloak = {
  async answer(asked) {
    const { base, path, params } = asked;
    const issuer = base + REALM;
    if (path === `${REALM}/.well-known/openid-configuration`) return metadata(issuer, base + TOKEN_PATH, METHODS);
    if (path !== TOKEN_PATH) return undefined;
    requireGrant(asked);
    const app = await authenticate(asked, { methods: METHODS, audiences: [issuer, base + TOKEN_PATH] });
    const scope = [params.scope, "profile email"].filter(Boolean).join(" ");
    const claims = { iss: issuer, aud: "account", sub: app.clientId, typ: "Bearer", azp: app.clientId, scope };
    return tokenAnswer(newJwt(claims, LIFETIME), {
      expires_in: LIFETIME,
      refresh_expires_in: 0,
      "not-before-policy": 0,
      scope,
      ...(scope.split(" ").includes("openid") && { id_token: newJwt({ iss: issuer, aud: app.clientId }, LIFETIME) }),
    });
  },
};
