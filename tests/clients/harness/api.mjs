// An API over TLS that wants a token, and answers with it. It is a key vault as well, with the token as each secret. To a
// token that a test has rejected it answers with a claims challenge (continuous access evaluation).

/** @import { AddressInfo } from "node:net" */
/** @import { IncomingMessage, ServerResponse } from "node:http" */

import { once } from "node:events";
import { createServer } from "node:https";

import { DEFAULT_APP } from "../../workerd/harness/fixtures.mjs";

const AUTHORIZATION = `authorization="https://login.microsoftonline.com/${DEFAULT_APP.tenant}"`;

export class Api {
  /** @type {Set<string>} */
  rejected = new Set();
  /** The claims of a challenge. */
  claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';

  #isGood;
  #server;

  /**
   * @param {{ key: string, certificate: string }} pair
   * @param {(token: string) => boolean} isGood
   */
  constructor({ key, certificate }, isGood) {
    this.#isGood = isGood;
    this.#server = createServer({ key, cert: certificate }, (request, response) => this.#answer(request, response));
  }

  /**
   * Starts one that takes the tokens that are good. It does not keep the process alive.
   * @param {{ key: string, certificate: string }} pair
   * @param {(token: string) => boolean} isGood
   */
  static async start(pair, isGood = (token) => token !== "") {
    const api = new Api(pair, isGood);
    api.#server.listen(0, "127.0.0.1").unref();
    await once(api.#server, "listening");
    return api;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `https://127.0.0.1:${port}`;
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #answer({ headers, url }, response) {
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (!this.#isGood(token)) return refuse(response, 'resource="https://vault.azure.net"');
    if (this.rejected.has(token)) {
      const claims = Buffer.from(this.claims).toString("base64");
      return refuse(response, `error="insufficient_claims", claims="${claims}"`);
    }
    response.writeHead(200, { "Content-Type": "application/json" });
    return response.end(JSON.stringify({ id: `${this.url}${url}`, value: token }));
  }
}

/**
 * @param {ServerResponse} response
 * @param {string} parameters
 */
function refuse(response, parameters) {
  const headers = { "Content-Type": "application/json", "WWW-Authenticate": `Bearer ${AUTHORIZATION}, ${parameters}` };
  response.writeHead(401, headers);
  response.end('{"error":{"code":"Unauthorized","message":"AKV10022: Invalid audience or token."}}');
}
