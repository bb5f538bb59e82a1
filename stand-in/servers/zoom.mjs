// Zoom, server to server: a grant type and a parameter of its own.

/** @import { Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { newJwt, tokenAnswer } from "../server.mjs";

const LIFETIME = 3600;

/** @type {Server} */
export const zoom = {
  async answer(asked) {
    const { path, query, params } = asked;
    if (path !== "/oauth/token") return undefined;
    const given = { ...Object.fromEntries(query), ...params };
    if (given.grant_type !== "account_credentials") return failure("unsupported_grant_type", "unsupported grant type");
    const app = await authenticate(asked, { methods: ["client_secret_basic"] });
    if (given.account_id !== app.account) return failure("invalid_request", "Bad Request");
    const token = newJwt({ aud: "https://oauth.zoom.us", uid: app.clientId, auid: app.account }, LIFETIME);
    return tokenAnswer(token, {
      token_type: "bearer",
      expires_in: LIFETIME,
      scope: "meeting:read:admin user:read:admin",
      api_url: "https://api.zoom.us",
    });
  },
};

/**
 * @param {string} error
 * @param {string} reason
 */
const failure = (error, reason) => ({ status: 400, body: { reason, error } });
