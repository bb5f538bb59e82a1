// A stand-in for Microsoft Entra ID's token endpoint, for `npm start` and the tests.
//
// It checks requests like Entra (RFC 6749 §4.4 in Entra's v2.0 dialect), answers in Entra's words, issues a new token
// for every request, and misbehaves on demand. It listens on 127.0.0.1 only, and its tokens open nothing.
//
//   import { startAuthority } from "./stand-in/authority.mjs";
//   const authority = await startAuthority({ apps: [{ tenant, clientId, secrets: ["..."] }] });
//   authority.next({ throttle: { retryAfter: 30 } });   // the next token request
//   authority.always({ slow: 200 });                    // every one, until always(null)
//   authority.requests                                  // what was received, oldest first
//   await authority.close();
//
// While it runs, a person can do the same over HTTP (behaviours.mjs lists the behaviours):
//
//   curl -X PUT    http://127.0.0.1:PORT/stand-in/behaviour -d '{"throttle":{"retryAfter":30}}'   next request
//   curl -X PUT    http://127.0.0.1:PORT/stand-in/behaviour?always -d '{"slow":2000}'             every request
//   curl -X DELETE http://127.0.0.1:PORT/stand-in/behaviour                                       behave again
//   curl           http://127.0.0.1:PORT/stand-in/requests                                        what came in

/** @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http" */
/** @import { AddressInfo } from "node:net" */
/** @import { Behaviour, Reply } from "./behaviours.mjs" */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { REDIRECT_TARGET, assertBehaviour, misbehave } from "./behaviours.mjs";
import { newToken, refusal } from "./entra.mjs";

/** @typedef {{ tenant: string, clientId: string, secrets: string[] }} App An app registration. */

/** @typedef {Record<string, string | undefined>} Params */

/**
 * @typedef {object} Received A request to the token endpoint.
 * @property {number} time
 * @property {string} method
 * @property {string} path
 * @property {IncomingHttpHeaders} headers
 * @property {string} body
 * @property {Params} params
 */

/** @typedef {Awaited<ReturnType<typeof startAuthority>>} RunningAuthority */

const TOKEN_PATH = /^\/(?<tenant>[^/]+)\/oauth2\/v2\.0\/token$/;

/**
 * Starts a stand-in authorization server.
 *
 * `apps` are its app registrations. Each of an app's `secrets` is valid, as during a rotation.
 * `port` 0 takes any free port.
 * @param {{ port?: number, apps?: App[] }} options
 */
export async function startAuthority({ port = 0, apps = [] } = {}) {
  const authority = new Authority(apps);
  const server = createServer((request, response) => {
    authority.answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(`the stand-in has a bug: ${error.message}\n`);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: bound } = /** @type {AddressInfo} */ (server.address());
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    requests: authority.requests,
    issued: authority.issued,
    /** @param {Behaviour[]} behaviours */
    next: (...behaviours) => authority.next(...behaviours),
    /** @param {Behaviour | null} behaviour */
    always: (behaviour) => authority.always(behaviour),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

class Authority {
  #apps;
  /** @type {Behaviour[]} */
  #queue = [];
  /** @type {Behaviour | null} */
  #standing = null;

  /** @type {Received[]} Every request but those to /stand-in/. */
  requests = [];
  /** @type {string[]} Every access token that was issued. */
  issued = [];

  /** @param {App[]} apps */
  constructor(apps) {
    this.#apps = apps;
  }

  /** @param {Behaviour[]} behaviours */
  next(...behaviours) {
    behaviours.forEach(assertBehaviour);
    this.#queue.push(...behaviours);
  }

  /** @param {Behaviour | null} behaviour */
  always(behaviour) {
    if (behaviour !== null) assertBehaviour(behaviour);
    this.#standing = behaviour;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async answer(request, response) {
    const time = Date.now();
    const { method = "", url: target = "", headers } = request;
    const url = new URL(target, "http://stand-in");
    const body = await text(request);
    if (url.pathname.startsWith("/stand-in/")) return this.#control(method, url, body, response);

    /** @type {Params} */
    const params = Object.fromEntries(new URLSearchParams(body));
    const received = { time, method, path: url.pathname, headers, body, params };
    this.requests.push(received);

    const behaviour = this.#takeBehaviour(params.scope);
    const reply = this.#reply(received, behaviour);
    await misbehave(behaviour, reply, request, response);
  }

  /**
   * The proper reply, without a fault.
   * @param {Received} received
   * @param {Behaviour} behaviour
   * @returns {Reply}
   */
  #reply({ method, path, headers: given, params }, behaviour) {
    const requestId = given["client-request-id"]?.toString() ?? randomUUID();
    /** @type {Record<string, string>} */
    const headers = {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store, no-cache",
      Pragma: "no-cache",
    };
    if (given["return-client-request-id"] === "true") headers["client-request-id"] = requestId;

    const tenant = TOKEN_PATH.exec(path)?.groups?.tenant;
    // A client that follows a redirect gets a token there, so that a test tells following from failing.
    if (!tenant && path !== REDIRECT_TARGET) return { status: 404, headers: {}, body: "" };

    const refused = tenant && refuse(this.#apps, method, tenant, params);
    if (refused) return { headers, ...refusal(refused.code, refused.detail, requestId) };

    const accessToken = newToken({ tenant, clientId: params.client_id, scope: params.scope ?? "" });
    this.issued.push(accessToken);
    /** @type {Record<string, unknown>} */
    const token = {
      token_type: "Bearer",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: accessToken,
      ...behaviour.token,
    };
    for (const field of behaviour.without ?? []) delete token[field];
    return { status: 200, headers, body: JSON.stringify(token) };
  }

  /**
   * The first queued behaviour for this scope or for any, else the standing one, else none.
   * @param {string | undefined} scope
   */
  #takeBehaviour(scope) {
    const index = this.#queue.findIndex((queued) => queued.scope === undefined || queued.scope === scope);
    const [queued] = index >= 0 ? this.#queue.splice(index, 1) : [];
    return queued ?? this.#standing ?? {};
  }

  /**
   * @param {string} method
   * @param {URL} url
   * @param {string} body
   * @param {ServerResponse} response
   */
  #control(method, url, body, response) {
    const route = `${method} ${url.pathname}`;
    if (route === "GET /stand-in/requests") {
      const seen = this.requests.map(({ time, method, path, params }) => ({
        time: new Date(time).toISOString(),
        method,
        path,
        client_id: params.client_id,
        scope: params.scope,
      }));
      return response.end(`${JSON.stringify(seen, null, 2)}\n`);
    }
    try {
      if (route === "DELETE /stand-in/behaviour") {
        this.#queue.length = 0;
        this.#standing = null;
      } else if (route === "PUT /stand-in/behaviour") {
        const behaviour = JSON.parse(body);
        if (url.searchParams.has("always")) this.always(behaviour);
        else this.next(behaviour);
      } else {
        response.statusCode = 404;
        return response.end("PUT or DELETE /stand-in/behaviour, GET /stand-in/requests\n");
      }
    } catch (error) {
      response.statusCode = 400;
      return response.end(`${error instanceof Error ? error.message : error}\n`);
    }
    response.end("ok\n");
  }
}

/**
 * Why Entra refuses this request, as `{ code, detail }` for entra.mjs; `undefined` if it does not.
 * @param {App[]} apps
 * @param {string} method
 * @param {string} tenant
 * @param {Params} params
 */
function refuse(apps, method, tenant, params) {
  if (method !== "POST") return { code: 900561, detail: method };
  const inTenant = apps.filter((app) => app.tenant.toLowerCase() === tenant.toLowerCase());
  if (inTenant.length === 0) return { code: 90002, detail: tenant };

  if (!params.grant_type) return { code: 900144, detail: "grant_type" };
  if (params.grant_type !== "client_credentials") return { code: 70003, detail: params.grant_type };
  if (!params.client_id) return { code: 900144, detail: "client_id" };
  const app = inTenant.find((candidate) => candidate.clientId === params.client_id);
  if (!app) return { code: 700016, detail: params.client_id };
  if (!params.client_secret) return { code: 7000218, detail: "" };
  if (!app.secrets.includes(params.client_secret)) return { code: 7000215, detail: params.client_id };

  if (!params.scope) return { code: 900144, detail: "scope" };
  if (!params.scope.endsWith("/.default")) return { code: 1002012, detail: params.scope };
  return undefined;
}

/** @param {IncomingMessage} request */
async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
