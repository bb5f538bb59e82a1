// One credential of each kind against a running stand-in, as the broker is configured with it and as the stand-in knows
// it. `npm start` and the tests use the same.

/** @import { KeyObject } from "node:crypto" */
/** @import { App, Jwk } from "./server.mjs" */
/** @import { Keys } from "./keys.mjs" */

import { createPublicKey } from "node:crypto";

export const TENANT = "stand-in.example";
export const GRAPH = "https://graph.microsoft.com/.default";
const CLIENT_ID = "11111111-2222-4333-8444-555555555555";
const SUBJECT = "edge-token-broker";
const AUDIENCE = "api://AzureADTokenExchange";

/**
 * @typedef {object} Kind
 * @property {string} name Of the credential.
 * @property {Record<string, unknown>} credential Its entry in `CREDENTIALS`.
 * @property {Record<string, string>} [secrets] The secret bindings that it names: name → value.
 * @property {App} app
 * @property {string} [scope] Of its grant.
 */

/** @typedef {{ url: string, keys: Keys, issuer: string }} Given */

/**
 * The kinds for a stand-in at `url`. `issuer` is the broker's `ISSUER`.
 * @param {Given} given
 * @returns {Kind[]}
 */
export function kindsOf(given) {
  return [...entra(given), ...bySecret(given), ...byKey(given), ...byAssertion(given)];
}

/**
 * What a broker is configured with, for these kinds.
 * @param {Kind[]} kinds
 * @param {Pick<Given, "keys" | "issuer">} given
 */
export function bindingsOf(kinds, { keys, issuer }) {
  return {
    vars: { CREDENTIALS: Object.fromEntries(kinds.map(({ name, credential }) => [name, credential])), ISSUER: issuer },
    secrets: /** @type {Record<string, string>} */ (
      Object.assign({ ISSUER_KEY: keys.issuer }, ...kinds.map(({ secrets }) => secrets))
    ),
    grants: kinds.map(({ name, scope }) => ({ credential: name, ...(scope !== undefined && { scope }) })),
  };
}

/**
 * Microsoft Entra ID without a client secret.
 * @param {Given} given
 * @returns {Kind[]}
 */
function entra({ url, keys, issuer }) {
  const application = { tenant: TENANT, authority_host: url };
  return [
    {
      name: "certificate",
      credential: { ...application, client_id: id("6"), certificate: "CERTIFICATE_AND_KEY" },
      secrets: { CERTIFICATE_AND_KEY: keys.certificate + keys.certificateKey },
      app: { tenant: TENANT, clientId: id("6"), certificates: [keys.certificate] },
      scope: GRAPH,
    },
    {
      name: "federated",
      credential: { ...application, client_id: id("7"), federated: { subject: SUBJECT, audience: AUDIENCE } },
      app: { tenant: TENANT, clientId: id("7"), federated: [{ issuer, subject: SUBJECT, audience: AUDIENCE }] },
      scope: GRAPH,
    },
  ];
}

/** An application id. @param {string} digit */
const id = (digit) => CLIENT_ID.replace(/5/g, digit);

/**
 * Servers that take a client secret.
 * @param {Given} given
 * @returns {Kind[]}
 */
function bySecret({ url, keys: { secret } }) {
  /** @type {(name: string, fields: Record<string, unknown>, app?: Partial<App>) => Kind} */
  const kind = (name, fields, app = {}) => {
    const binding = `${name.toUpperCase().replace(/-/g, "_")}_SECRET`;
    const credential = { ...fields, client_id: `${name}:client`, client_secret: binding };
    const known = { server: name, clientId: `${name}:client`, secrets: [secret], ...app };
    return { name, credential, secrets: { [binding]: secret }, app: known };
  };
  const post = { auth_method: "client_secret_post" };
  return [
    kind("auth0", { issuer: `${url}/auth0/`, ...post, parameters: { audience: "https://api.example" } }),
    kind("basic", { token_endpoint: `${url}/basic/token` }),
    kind("cognito", { issuer: `${url}/cognito-idp/eu-west-1_Example` }),
    kind("keycloak", { issuer: `${url}/keycloak/realms/demo` }),
    {
      ...kind("okta-custom", { issuer: `${url}/okta/oauth2/default` }, { server: "okta" }),
      scope: "api.read",
    },
    kind("paypal", { token_endpoint: `${url}/paypal/v1/oauth2/token`, response_fields: ["app_id"] }),
    kind("resource", { resource: `${url}/resource/mcp` }),
    kind(
      "salesforce-secret",
      { token_endpoint: `${url}/salesforce/services/oauth2/token`, ...EXPIRES },
      { server: "salesforce" },
    ),
    kind("twitch", { token_endpoint: `${url}/twitch/oauth2/token`, ...post }),
    kind(
      "zoom",
      {
        token_endpoint: `${url}/zoom/oauth/token`,
        parameters: { grant_type: "account_credentials", account_id: "account-1" },
      },
      { account: "account-1" },
    ),
  ];
}

/** Salesforce does not say how long its tokens live, and callers need to know where their organization is. */
const EXPIRES = { default_expires_in: 900, response_fields: ["instance_url"] };

/**
 * Servers that take a client assertion, or another JWT that a private key signs.
 * @param {Given} given
 * @returns {Kind[]}
 */
function byKey({ url, keys }) {
  const app = { client_id: "Iv23standin", installation_id: "4711", api: `${url}/github` };
  const installation = { repositories: ["broker", "website"], permissions: { contents: "write", metadata: "read" } };
  return [
    {
      name: "okta",
      credential: { issuer: `${url}/okta`, client_id: "0oa1standin", private_key: "OKTA_KEY", key_id: "okta-1" },
      secrets: { OKTA_KEY: keys.okta },
      app: { server: "okta", clientId: "0oa1standin", keys: [publicJwk(jwk(keys.okta), "okta-1")] },
      scope: "okta.users.read",
    },
    {
      name: "github",
      credential: {
        github_app: { ...app, permissions: { contents: "read" } },
        private_key: "GITHUB_KEY",
        response_fields: ["permissions"],
      },
      secrets: { GITHUB_KEY: keys.github },
      app: {
        server: "github",
        clientId: app.client_id,
        appId: "815",
        keys: [publicJwk(keys.github)],
        installations: { [app.installation_id]: installation },
      },
    },
  ];
}

/**
 * Servers with the grant `jwt-bearer`.
 * @param {Given} given
 * @returns {Kind[]}
 */
function byAssertion({ url, keys }) {
  const account = "broker@stand-in.iam.gserviceaccount.com";
  const user = "broker@stand-in.example";
  return [
    {
      name: "google",
      credential: { service_account: "GOOGLE_KEY" },
      secrets: { GOOGLE_KEY: keyFile(url, account, keys.google) },
      app: { server: "google", clientId: account, keys: [publicJwk(keys.google, GOOGLE_KEY_ID)], users: [user] },
      scope: "https://www.googleapis.com/auth/cloud-platform",
    },
    {
      name: "salesforce",
      credential: {
        token_endpoint: `${url}/salesforce/services/oauth2/token`,
        client_id: "3MVG9standin",
        private_key: "SALESFORCE_KEY",
        grant: "jwt_bearer",
        assertion: { sub: user, aud: `${url}/salesforce` },
        ...EXPIRES,
      },
      secrets: { SALESFORCE_KEY: keys.salesforce },
      app: { server: "salesforce", clientId: "3MVG9standin", keys: [publicJwk(keys.salesforce)], users: [user] },
    },
    {
      name: "zitadel",
      credential: {
        issuer: `${url}/zitadel`,
        client_id: "310459standin",
        private_key: "ZITADEL_KEY",
        key_id: "310460",
        grant: "jwt_bearer",
        assertion: { sub: "310459standin", aud: `${url}/zitadel` },
      },
      secrets: { ZITADEL_KEY: keys.zitadel },
      app: { server: "zitadel", clientId: "310459standin", keys: [publicJwk(keys.zitadel, "310460")] },
      scope: "openid",
    },
  ];
}

const GOOGLE_KEY_ID = "0123456789abcdef0123456789abcdef01234567";

/**
 * A service account's key, as Google's console downloads it.
 * @param {string} url
 * @param {string} account
 * @param {string} privateKey
 */
function keyFile(url, account, privateKey) {
  const file = {
    type: "service_account",
    project_id: "stand-in",
    private_key_id: GOOGLE_KEY_ID,
    private_key: privateKey,
    client_email: account,
    client_id: "104259345678901234567",
    auth_uri: "https://accounts.google.com/o/oauth2/auth",
    token_uri: `${url}/google/token`,
    auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(account)}`,
    universe_domain: "googleapis.com",
  };
  return JSON.stringify(file, null, 2);
}

/** @param {string} text @returns {import("node:crypto").JsonWebKeyInput} */
const jwk = (text) => ({ key: JSON.parse(text), format: "jwk" });

/**
 * @param {string | import("node:crypto").JsonWebKeyInput} key A private key.
 * @param {string} [kid]
 * @returns {Jwk}
 */
function publicJwk(key, kid) {
  return { ...createPublicKey(key).export({ format: "jwk" }), ...(kid !== undefined && { kid }) };
}
