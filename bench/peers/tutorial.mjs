// The Worker of the tutorials: it reads the token from KV for every request, compares one key, and computes the
// remaining lifetime.

/** @import { Env, Exchange } from "./common.mjs" */

import { logLine, requestId } from "./common.mjs";

/** @typedef {{ access_token: string, expires_in: number, expires_at: number }} Token */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    /** @type {Exchange} */
    const exchange = { request, id: requestId(request.headers), route: "token", client: { id: env.CLIENT_ID } };
    if (request.headers.get("authorization") !== `Bearer ${env.CLIENT_KEY}`) {
      logLine(true, exchange, 401, "invalid_token");
      return Response.json({ error: "invalid_token" }, { status: 401 });
    }
    exchange.grant = { credential: "default", scope: env.SCOPE };
    /** @type {Token | null} */
    let token = await env.TOKENS.get("token", { type: "json" });
    const hit = token !== null && token.expires_at - Date.now() > 60_000;
    if (!token || !hit) {
      token = await ask(env);
      await env.TOKENS.put("token", JSON.stringify(token), { expirationTtl: token.expires_in });
    }
    logLine(env.LOG_HITS !== "false" || !hit, exchange, 200, hit ? "hit" : "miss", hit ? "kv" : "upstream");
    return answer(token, exchange.id);
  },
};

/**
 * @param {Env} env
 * @returns {Promise<Token>}
 */
async function ask(env) {
  const now = Date.now();
  const form = {
    grant_type: "client_credentials",
    client_id: env.AZ_CLIENT_ID,
    client_secret: env.AZ_CLIENT_SECRET,
    scope: env.SCOPE,
  };
  const response = await fetch(`${env.AZ_AUTHORITY_HOST}/${env.AZ_TENANT}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const { access_token, expires_in } = /** @type {Token} */ (await response.json());
  return { access_token, expires_in, expires_at: now + expires_in * 1000 };
}

/**
 * @param {Token} token
 * @param {string} id
 */
function answer({ access_token, expires_at }, id) {
  const left = Math.floor((expires_at - Date.now()) / 1000);
  return Response.json(
    { token_type: "Bearer", expires_in: left, ext_expires_in: left, access_token },
    { headers: { "Cache-Control": "no-store", Pragma: "no-cache", "X-Request-Id": id } },
  );
}
