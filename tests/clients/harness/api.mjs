// The APIs over TLS that the programs of docs/callers.md call: a storage account, a key vault, and any other. Each wants a
// token, and answers with it: as the name of a container, as a secret, as a member of JSON. To a token that a test has
// rejected it answers with a claims challenge (continuous access evaluation).

/** @import { AddressInfo } from "node:net" */
/** @import { IncomingMessage, ServerResponse } from "node:http" */

import { once } from "node:events";
import { createServer } from "node:https";

import { DEFAULT_APP } from "../../workerd/harness/fixtures.mjs";
import { localCa } from "../../workerd/harness/tls.mjs";

/** The claims of the challenge, of a client that can answer it, and of both. */
export const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
export const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';
export const NBF_AND_CP1 =
  '{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"xms_cc":{"values":["CP1"]}}}';

const CHALLENGE = `error="insufficient_claims", claims="${Buffer.from(NBF).toString("base64")}"`;
const AUTHORITY = `https://login.microsoftonline.com/${DEFAULT_APP.tenant}`;

/**
 * @typedef {object} Service
 * @property {string} type Of its bodies.
 * @property {(resource: string) => string} unauthorized The parameters of a challenge.
 * @property {string} rejected The same with a claims challenge.
 * @property {Record<string, string>} headers Of a refusal.
 * @property {string} refusal
 * @property {(url: string, token: string) => string} granted
 */

/** @type {Service} */
const STORAGE = {
  type: "application/xml",
  unauthorized: () => `authorization_uri=${AUTHORITY}/oauth2/authorize`,
  rejected: `realm="", authorization_uri="${AUTHORITY}/oauth2/authorize", ${CHALLENGE}`,
  headers: { "x-ms-error-code": "InvalidAuthenticationInfo" },
  refusal:
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code>' +
    "<Message>Server failed to authenticate the request.</Message></Error>",
  granted: (_, token) =>
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<EnumerationResults ServiceEndpoint="https://account.blob.core.windows.net/">' +
    `<Containers><Container><Name>${token}</Name></Container></Containers><NextMarker/></EnumerationResults>`,
};

/** @type {Service} */
const VAULT = {
  type: "application/json",
  unauthorized: (resource) => `authorization="${AUTHORITY}", resource="${resource}"`,
  rejected: `authorization="${AUTHORITY}", ${CHALLENGE}`,
  headers: {},
  refusal: '{"error":{"code":"Unauthorized","message":"AKV10022: Invalid audience or token."}}',
  granted: (url, token) => JSON.stringify({ id: url, value: token }),
};

export class Api {
  /** @type {Set<string>} */
  rejected = new Set();
  /** @type {string[]} The token of each request that had one. */
  presented = [];

  #resource;
  #server = createServer({ key: localCa().pair.key, cert: localCa().pair.certificate }, (request, response) =>
    this.#answer(request, response),
  );

  /** @param {string} resource */
  constructor(resource) {
    this.#resource = resource;
  }

  /**
   * Starts one. It does not keep the process alive.
   * @param {string} resource That its challenges name.
   */
  static async start(resource = "") {
    const api = new Api(resource);
    api.#server.listen(0, "127.0.0.1").unref();
    await once(api.#server, "listening");
    return api;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `https://127.0.0.1:${port}`;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #answer({ headers, url = "" }, response) {
    const service = url.startsWith("/account") ? STORAGE : VAULT;
    const token = headers.authorization?.replace(/^Bearer /, "");
    if (!token) return refuse(response, service, service.unauthorized(this.#resource));
    this.presented.push(token);
    if (this.rejected.has(token)) return refuse(response, service, service.rejected);
    response.writeHead(200, { "Content-Type": service.type });
    return response.end(service.granted(`${this.url}${url}`, token));
  }
}

/**
 * @param {ServerResponse} response
 * @param {Service} service
 * @param {string} parameters
 */
function refuse(response, { type, headers, refusal }, parameters) {
  response.writeHead(401, { ...headers, "Content-Type": type, "WWW-Authenticate": `Bearer ${parameters}` });
  response.end(refusal);
}
