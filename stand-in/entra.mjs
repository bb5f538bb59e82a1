// The form of Entra's tokens and refusals.

import { randomBytes, randomUUID } from "node:crypto";

/**
 * A token with the shape and size of an app-only Graph token (about 1.5 kB); unique, with a made-up signature.
 * @param {{ tenant?: string | undefined, clientId?: string | undefined, scope: string }} about
 */
export function newToken({ tenant = randomUUID(), clientId = randomUUID(), scope }) {
  const keyId = random(20);
  const issuer = `https://sts.windows.net/${tenant}/`;
  const subject = randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", nonce: random(32), alg: "RS256", x5t: keyId, kid: keyId };
  const claims = {
    aud: scope.replace(/\/\.default$/, ""),
    iss: issuer,
    iat: now,
    nbf: now,
    exp: now + 3900,
    aio: random(24),
    app_displayname: "stand-in",
    appid: clientId,
    appidacr: "1",
    idp: issuer,
    idtyp: "app",
    oid: subject,
    rh: `0.${random(42)}.`,
    roles: ["User.ReadWrite.All"],
    sub: subject,
    tenant_region_scope: "EU",
    tid: tenant,
    uti: random(16),
    ver: "1.0",
    wids: [randomUUID()],
    xms_tcdt: 1674568217,
    xms_tdbr: "EU",
  };
  return [encode(header), encode(claims), random(256)].join(".");
}

/**
 * Refusals of a client credentials request: AADSTS number → status, `error` (RFC 6749 §5.2), words.
 * @type {Record<number, [number, string, (detail: string) => string]>}
 */
const REFUSALS = {
  70003: [400, "unsupported_grant_type", (type) => `The app requested an unsupported grant type '${type}'.`],
  90002: [
    400,
    "invalid_request",
    (tenant) =>
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  ],
  700016: [
    400,
    "unauthorized_client",
    (app) =>
      `Application with identifier '${app}' was not found in the directory 'stand-in'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
  ],
  900144: [400, "invalid_request", (name) => `The request body must contain the following parameter: '${name}'.`],
  900561: [
    400,
    "invalid_request",
    (method) => `The endpoint only accepts POST requests. Received a ${method} request.`,
  ],
  1002012: [
    400,
    "invalid_scope",
    (scope) =>
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  ],
  7000215: [
    401,
    "invalid_client",
    (app) =>
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app}'.`,
  ],
  7000218: [
    401,
    "invalid_client",
    () => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
  7000222: [
    401,
    "invalid_client",
    (app) =>
      `The provided client secret keys for app '${app}' are expired. Create new keys for your app, or consider using certificate credentials for added security.`,
  ],
};

/**
 * An error response in Entra's words.
 * @param {number} code
 * @param {string} detail
 * @param {string} correlationId
 */
export function refusal(code, detail, correlationId) {
  const known = REFUSALS[code];
  if (!known) throw new TypeError(`no refusal has the number ${code}`);
  const [status, error, words] = known;
  const traceId = randomUUID();
  const timestamp = new Date()
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
  const description = `AADSTS${code}: ${words(detail)}\r\nTrace ID: ${traceId}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}`;
  const body = {
    error,
    error_description: description,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  };
  return { status, body: JSON.stringify(body) };
}

/** @param {object} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
/** @param {number} bytes */
const random = (bytes) => randomBytes(bytes).toString("base64url");
