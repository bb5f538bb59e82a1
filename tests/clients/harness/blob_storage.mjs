// A storage account that checks its callers: its Blob service, as far as a list of containers goes.
//
// It takes the tokens of one audience that the stand-in issued. To a token that a test has rejected it answers with a claims
// challenge (continuous access evaluation).

/** @import { AddressInfo } from "node:net" */
/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { RunningAuthority } from "../../../stand-in/authority.mjs" */
/** @import { Pair } from "../../../stand-in/ca.mjs" */

import { once } from "node:events";
import { createServer } from "node:https";

const AUTHORIZE = "https://login.microsoftonline.com/common/oauth2/authorize";
const CONTAINERS = `<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ServiceEndpoint="https://account.blob.core.windows.net/">
  <Containers><Container><Name>photos</Name></Container></Containers><NextMarker/>
</EnumerationResults>`;

export class BlobStorage {
  /** @type {Set<string>} */
  rejected = new Set();
  /** @type {string[]} The token of each request. */
  presented = [];

  #authority;
  #claims;
  #server;

  /**
   * @param {RunningAuthority} authority
   * @param {Pair} pair
   * @param {string} claims
   */
  constructor(authority, { key, certificate }, claims) {
    this.#authority = authority;
    this.#claims = claims;
    this.#server = createServer({ key, cert: certificate }, (request, response) => this.#answer(request, response));
  }

  /**
   * @param {RunningAuthority} authority
   * @param {Pair} pair
   * @param {string} claims Those of a challenge.
   */
  static async start(authority, pair, claims) {
    const storage = new BlobStorage(authority, pair, claims);
    storage.#server.listen(0, "127.0.0.1");
    await once(storage.#server, "listening");
    return storage;
  }

  get url() {
    const { port } = /** @type {AddressInfo} */ (this.#server.address());
    return `https://127.0.0.1:${port}/account`;
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
  #answer(request, response) {
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    this.presented.push(token);
    if (!this.#authority.issued.includes(token)) return this.#refuse(response, `Bearer authorization_uri=${AUTHORIZE}`);
    if (this.rejected.has(token)) return this.#refuse(response, this.#challenge());
    response.writeHead(200, { "Content-Type": "application/xml" });
    return response.end(CONTAINERS);
  }

  #challenge() {
    const claims = Buffer.from(this.#claims).toString("base64");
    return `Bearer realm="", authorization_uri="${AUTHORIZE}", error="insufficient_claims", claims="${claims}"`;
  }

  /**
   * @param {ServerResponse} response
   * @param {string} challenge
   */
  #refuse(response, challenge) {
    const code = "InvalidAuthenticationInfo";
    response.writeHead(401, {
      "Content-Type": "application/xml",
      "WWW-Authenticate": challenge,
      "x-ms-error-code": code,
    });
    response.end(
      `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code>` +
        `<Message>Server failed to authenticate the request. Please refer to the information in the www-authenticate header.</Message></Error>`,
    );
  }
}
