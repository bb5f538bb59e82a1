// Twitch: errors of its own shape, the token type in small letters, the scope as a list.

/** @import { Server } from "../server.mjs" */

import { metadata, random, tokenAnswer } from "../server.mjs";

const ISSUER = "/oauth2";

/** @type {Server} */
export const twitch = {
  answer({ base, path, method, query, params, apps }) {
    const token = `${ISSUER}/token`;
    if (path === `${ISSUER}/.well-known/openid-configuration`) {
      return metadata(base + ISSUER, base + token, ["client_secret_post"]);
    }
    if (path !== token || method !== "POST") return undefined;
    const given = { ...Object.fromEntries(query), ...params };
    if (!given.client_id) return failure(400, "missing client id");
    if (!given.client_secret) return failure(400, "missing client secret");
    const app = apps.find(({ clientId }) => clientId === given.client_id);
    if (!app) return failure(400, "invalid client");
    if (!app.secrets?.includes(given.client_secret)) return failure(403, "invalid client secret");
    if (given.grant_type !== "client_credentials") return failure(400, "invalid grant type");
    const scope = given.scope?.split(" ") ?? [];
    return tokenAnswer(random(22), { token_type: "bearer", expires_in: 5_000_000, scope });
  },
  refusal: (code) => (typeof code === "number" ? failure(code, "refused") : failure(403, code)),
  failure: '{"status":500,"message":"internal server error"}',
};

/**
 * @param {number} status
 * @param {string} message
 */
const failure = (status, message) => ({ status, body: { status, message } });
