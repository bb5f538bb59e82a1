// Microsoft Entra ID's token endpoint, in its v2.0 dialect.

/** @import { App, Asked, Server } from "../server.mjs" */
/** @import { Refused } from "./flaws.mjs" */

import { randomUUID } from "node:crypto";

import { REDIRECT_TARGET } from "../behaviours.mjs";
import { refuseAssertion } from "./assertion.mjs";
import { refusal } from "./refusals.mjs";
import { newToken } from "./token.mjs";

const TOKEN_PATH = /^\/(?<tenant>[^/]+)\/oauth2\/v2\.0\/token$/;

/** @type {Server} */
export const entra = {
  async answer(asked) {
    const requestId = requestIdOf(asked);
    const headers = headersFor(asked, requestId);
    const tenant = TOKEN_PATH.exec(asked.path)?.groups?.tenant;
    // A client that follows a redirect gets a token there, so that a test tells following from failing.
    if (!tenant && asked.path !== REDIRECT_TARGET) return undefined;

    const refused = tenant && (await refuse(asked, tenant));
    if (refused) return { ...refusal(refused.code, refused.detail, requestId), headers };
    const { client_id: clientId, scope = "" } = asked.params;
    const token = newToken({ tenant, clientId, scope });
    const body = { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: token };
    return { headers, body, token };
  },
  refusal: (code, asked) => refusal(Number(code), "stand-in", requestIdOf(asked)),
  failure: '{"error":"server_error","error_description":"AADSTS90033: A transient error has occurred."}',
};

/** @param {Asked} asked */
const requestIdOf = ({ headers }) => headers["client-request-id"]?.toString() ?? randomUUID();

/**
 * @param {Asked} asked
 * @param {string} requestId
 * @returns {Record<string, string>}
 */
function headersFor({ headers }, requestId) {
  return {
    "Cache-Control": "no-store, no-cache",
    Pragma: "no-cache",
    ...(headers["return-client-request-id"] === "true" && { "client-request-id": requestId }),
  };
}

/**
 * Why Entra refuses this request; `undefined` if it does not.
 * @param {Asked} asked
 * @param {string} tenant
 * @returns {Promise<Refused | undefined>}
 */
async function refuse(asked, tenant) {
  const { method, params } = asked;
  if (method !== "POST") return { code: 900561, detail: method };
  const inTenant = asked.apps.filter((app) => app.tenant?.toLowerCase() === tenant.toLowerCase());
  if (inTenant.length === 0) return { code: 90002, detail: tenant };

  if (!params.grant_type) return { code: 900144, detail: "grant_type" };
  if (params.grant_type !== "client_credentials") return { code: 70003, detail: params.grant_type };
  if (!params.client_id) return { code: 900144, detail: "client_id" };
  const app = inTenant.find((candidate) => candidate.clientId === params.client_id);
  if (!app) return { code: 700016, detail: params.client_id };
  const refused = await refuseProof(asked, app);
  if (refused) return refused;

  if (!params.scope) return { code: 900144, detail: "scope" };
  if (!params.scope.endsWith("/.default")) return { code: 1002012, detail: params.scope };
  return undefined;
}

/**
 * @param {Asked} asked
 * @param {App} app
 * @returns {Promise<Refused | undefined>}
 */
async function refuseProof(asked, app) {
  const { client_secret: secret, client_assertion: assertion } = asked.params;
  if (assertion) return refuseAssertion(asked, app);
  if (!secret) return { code: 7000218, detail: "" };
  return app.secrets?.includes(secret) ? undefined : { code: 7000215, detail: app.clientId };
}
