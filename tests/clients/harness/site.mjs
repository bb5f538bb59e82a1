// A page's own server, and the sign-in of its users as Entra has it for a single-page application: authorization code with
// PKCE, redeemed by the page itself. The user is signed in already, so no form is shown.

/** @import { IncomingMessage, Server, ServerResponse } from "node:http" */
/** @import { AddressInfo } from "node:net" */

import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { Issuer } from "../../workerd/harness/issuer.mjs";
import { newKey } from "../../workerd/harness/jose.mjs";

/** The application that stands for the page. */
export const APP = "7d5a8f0e-1c1b-4f5e-9a35-0c9d8f1e2a3b";

/** @param {(request: IncomingMessage, response: ServerResponse) => void} answer It does not keep the process alive. */
async function serve(answer) {
  const server = createServer(answer).listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  return server;
}

/** @param {Server} server */
const urlOf = (server) => `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`;

/** One origin with a page at `/`. */
export class Site {
  html = "";
  #server;

  /** @param {Server} server */
  constructor(server) {
    this.#server = server;
  }

  static async start() {
    /** @type {Site} */
    const site = new Site(
      await serve((request, response) => {
        const isPage = new URL(request.url ?? "", site.origin).pathname === "/";
        response.writeHead(isPage ? 200 : 404, { "Content-Type": "text/html; charset=utf-8" });
        response.end(isPage ? site.html : "");
      }),
    );
    return site;
  }

  get origin() {
    return urlOf(this.#server);
  }
}

/** @typedef {{ challenge: string, redirectUri: string }} Code */

export class SignIn {
  /** The claims of the users' JWTs. */
  claims = { aud: APP, sub: "ada", roles: ["Board.Use"] };
  /** @type {string[]} The JWTs that pages got. */
  issued = [];
  /** @type {string} The redirect URI of the application. */
  redirectUri = "";

  #issuer;
  #server;
  /** @type {Map<string, Code>} */
  #codes = new Map();

  /** @param {Issuer} issuer @param {Server} server */
  constructor(issuer, server) {
    this.#issuer = issuer;
    this.#server = server;
  }

  static async start() {
    /** @type {SignIn} */
    const signIn = new SignIn(
      await Issuer.start(newKey("RS256")),
      await serve((request, response) => {
        signIn.#answer(request, response).catch((error) => response.writeHead(500).end(error.stack));
      }),
    );
    return signIn;
  }

  /** `iss`. */
  get issuer() {
    return this.#issuer.url;
  }

  get url() {
    return `${urlOf(this.#server)}/oauth2/v2.0`;
  }

  close() {
    return this.#issuer.close();
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    const to = `${request.method} ${pathname}`;
    if (to === "GET /oauth2/v2.0/authorize") return this.#authorize(searchParams, response);
    if (to === "POST /oauth2/v2.0/token") return this.#redeem(request, response);
    return response.writeHead(404).end();
  }

  /** @param {URLSearchParams} query @param {ServerResponse} response */
  #authorize(query, response) {
    const redirectUri = query.get("redirect_uri") ?? "";
    const isKnown = query.get("client_id") === APP && redirectUri === this.redirectUri;
    if (!isKnown) return response.writeHead(400).end("AADSTS50011: the redirect URI does not match");
    const isGood = query.get("response_type") === "code" && query.get("scope") === `${APP}/.default`;
    const challenge = query.get("code_challenge_method") === "S256" && query.get("code_challenge");
    const answer = new URLSearchParams({ state: query.get("state") ?? "" });
    if (isGood && challenge) {
      const code = randomUUID();
      this.#codes.set(code, { challenge, redirectUri });
      answer.set("code", code);
    } else {
      answer.set("error", "invalid_request");
      answer.set("error_description", "AADSTS900144: a parameter is missing");
    }
    return response.writeHead(302, { Location: `${redirectUri}?${answer}` }).end();
  }

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async #redeem(request, response) {
    const form = new URLSearchParams(await text(request));
    const code = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const verified = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isGood = code?.challenge === verified && code.redirectUri === form.get("redirect_uri");
    // Entra gives a code of a single-page application to a page only.
    const refusal = !request.headers.origin ? "AADSTS9002327" : isGood ? undefined : "AADSTS501481";
    response.writeHead(refusal ? 400 : 200, { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" });
    if (refusal) return response.end(JSON.stringify({ error: "invalid_grant", error_description: refusal }));
    const jwt = this.#issuer.sign(this.claims);
    this.issued.push(jwt);
    return response.end(JSON.stringify({ token_type: "Bearer", expires_in: 3600, access_token: jwt }));
  }
}
