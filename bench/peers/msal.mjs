// Microsoft's own library in a Worker: `@azure/msal-node` with `nodejs_compat`, with the token from its memory cache.
// It compares one key, like the tutorial's Worker.

/** @import { INetworkModule } from "@azure/msal-node" */
/** @import { Env, Exchange } from "./common.mjs" */

import { ConfidentialClientApplication } from "@azure/msal-node";

import { logLine, requestId } from "./common.mjs";

/**
 * @type {ConfidentialClientApplication | undefined} One for each isolate, as its documentation wants it: the cache is
 * in there.
 */
let application;

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
    application ??= new ConfidentialClientApplication(configuration(env));
    const result = await application.acquireTokenByClientCredential({ scopes: [env.SCOPE] });
    if (!result?.expiresOn) return Response.json({ error: "server_error" }, { status: 502 });
    const { accessToken, expiresOn, fromCache } = result;
    const hit = fromCache;
    logLine(env.LOG_HITS !== "false" || !hit, exchange, 200, hit ? "hit" : "miss", hit ? "isolate" : "upstream");
    const left = Math.floor((expiresOn.getTime() - Date.now()) / 1000);
    return Response.json(
      { token_type: "Bearer", expires_in: left, ext_expires_in: left, access_token: accessToken },
      { headers: { "Cache-Control": "no-store", Pragma: "no-cache", "X-Request-Id": exchange.id } },
    );
  },
};

/** @param {Env} env */
function configuration(env) {
  const authority = `https://login.microsoftonline.com/${env.AZ_TENANT}`;
  return {
    auth: { clientId: env.AZ_CLIENT_ID, clientSecret: env.AZ_CLIENT_SECRET, authority, ...metadata(authority) },
    // The library insists on https; the stand-in speaks http.
    system: { networkClient: network("https://login.microsoftonline.com", env.AZ_AUTHORITY_HOST) },
  };
}

/**
 * The metadata, so that there is no discovery, which costs the first request two more.
 * @param {string} authority
 */
function metadata(authority) {
  const authorityMetadata = JSON.stringify({
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
  const cloudDiscoveryMetadata = JSON.stringify({
    tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`,
    metadata: [
      {
        preferred_network: "login.microsoftonline.com",
        preferred_cache: "login.windows.net",
        aliases: ["login.microsoftonline.com"],
      },
    ],
  });
  return { authorityMetadata, cloudDiscoveryMetadata };
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {INetworkModule}
 */
function network(from, to) {
  /**
   * @template T
   * @param {string} url
   * @param {RequestInit} init
   */
  const send = async (url, init) => {
    const response = await fetch(url.replace(from, to), init);
    const body = /** @type {T} */ (await response.json());
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
  return {
    sendGetRequestAsync: (url, { headers } = {}) => send(url, { headers }),
    sendPostRequestAsync: (url, { headers, body } = {}) => send(url, { method: "POST", headers, body }),
  };
}
