// A stand-in for Microsoft Entra ID's token endpoint and for other authorization servers, for `npm start` and the tests.
//
// It checks requests like Entra (RFC 6749 §4.4 in Entra's v2.0 dialect), answers in Entra's words, issues a new token
// for every request, and misbehaves on demand. Other servers have paths of their own (servers/all.mjs). It listens on
// 127.0.0.1 only, and its tokens open nothing.
//
//   import { startAuthority } from "./stand-in/authority.mjs";
//   const authority = await startAuthority({ apps: [{ tenant, clientId, secrets: ["..."] }] });
//   authority.next({ throttle: { retryAfter: 30 } });   // the next token request
//   authority.always({ slow: 200 });                    // every one, until always(null)
//   authority.requests                                  // what was received, oldest first
//   authority.resolve("https://broker.example", url);   // where Entra finds the documents of that issuer
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
/** @import { Behaviour, Manner, Reply } from "./behaviours.mjs" */
/** @import { Answer, App, Asked, Params, Server } from "./server.mjs" */

import { once } from "node:events";
import { createServer } from "node:http";

import { assertBehaviour, misbehave } from "./behaviours.mjs";
import { control } from "./control.mjs";
import { Seen } from "./jwt.mjs";
import { Refusal, oauthError } from "./server.mjs";
import { find } from "./servers/all.mjs";

/**
 * @typedef {object} Received A request to a server.
 * @property {number} time
 * @property {string} method
 * @property {string} path
 * @property {IncomingHttpHeaders} headers
 * @property {string} body
 * @property {Params} params
 */

/** @typedef {Awaited<ReturnType<typeof startAuthority>>} RunningAuthority */

/** @typedef {(url: string) => Promise<Response>} Get */

/**
 * Starts a stand-in authorization server.
 *
 * `apps` are the applications that its servers know. `port` 0 takes any free port. `get` fetches the documents of other
 * issuers.
 * @param {{ port?: number, apps?: App[], get?: Get }} options
 */
export async function startAuthority({ port = 0, apps = [], get = withoutRedirect } = {}) {
  const authority = new Authority(apps, get);
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
    /** More can be added while it runs. */
    apps,
    requests: authority.requests,
    issued: authority.issued,
    /** @param {Behaviour[]} behaviours */
    next: (...behaviours) => authority.next(...behaviours),
    /** @param {Behaviour | null} behaviour */
    always: (behaviour) => authority.always(behaviour),
    /** @type {(origin: string, at: string) => void} Documents of `origin` are fetched from the origin `at`. */
    resolve: (origin, at) => authority.hosts.set(origin, at),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @type {Get} */
const withoutRedirect = (url) => fetch(url, { redirect: "error" });

class Authority {
  #apps;
  #get;
  #seen = new Seen();
  /** @type {Behaviour[]} */
  #queue = [];
  /** @type {Behaviour | null} */
  #standing = null;

  /** @type {Received[]} Every request but those to /stand-in/. */
  requests = [];
  /** @type {string[]} Every access token that was issued. */
  issued = [];
  /** @type {Map<string, string>} */
  hosts = new Map();

  /**
   * @param {App[]} apps
   * @param {Get} get
   */
  constructor(apps, get) {
    this.#apps = apps;
    this.#get = get;
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

  behave() {
    this.#queue.length = 0;
    this.#standing = null;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async answer(request, response) {
    const time = Date.now();
    const { method = "", url: target = "", headers } = request;
    const url = new URL(target, `http://${headers.host ?? "stand-in"}`);
    const body = await text(request);
    if (url.pathname.startsWith("/stand-in/")) return control(this, method, url, body, response);

    const received = { time, method, path: url.pathname, headers, body, params: paramsOf(headers, body) };
    this.requests.push(received);

    const { server, asked } = this.#asked(url, received);
    const behaviour = this.#takeBehaviour(received);
    const reply = replyOf(await answerOf(server, asked), behaviour);
    if (reply.token !== undefined) this.issued.push(reply.token);
    return misbehave(behaviour, reply, mannerOf(server, asked), request, response);
  }

  /**
   * @param {URL} url
   * @param {Received} received
   * @returns {{ server: Server, asked: Asked }}
   */
  #asked({ origin, pathname, searchParams }, { method, headers, body, params }) {
    const { server, name, path } = find(pathname);
    const asked = {
      origin,
      base: name === undefined ? origin : `${origin}/${name}`,
      method,
      path,
      headers,
      query: searchParams,
      body,
      params,
      apps: this.#apps.filter((app) => app.server === name),
      seen: this.#seen,
      fetch: (/** @type {string} */ url) => this.#fetch(url),
      wasIssued: (/** @type {string} */ token) => this.issued.includes(token),
    };
    return { server, asked };
  }

  /** @param {string} address */
  #fetch(address) {
    const url = new URL(address);
    const at = this.hosts.get(url.origin) ?? url.origin;
    return this.#get(at + url.pathname + url.search);
  }

  /**
   * The first queued behaviour for this request, else the standing one, else none.
   * @param {Received} received
   * @returns {Behaviour}
   */
  #takeBehaviour(received) {
    const index = this.#queue.findIndex((queued) => concerns(queued, received));
    const [queued] = index >= 0 ? this.#queue.splice(index, 1) : [];
    if (queued) return queued;
    return this.#standing && concerns(this.#standing, received) ? this.#standing : {};
  }
}

/**
 * Every request but a `GET` is for a token.
 * @param {Behaviour} behaviour
 * @param {Received} received
 */
function concerns({ path, scope }, received) {
  const here = path === undefined ? received.method !== "GET" : path === received.path;
  return here && (scope === undefined || scope === received.params.scope);
}

/**
 * @param {Server} server
 * @param {Asked} asked
 * @returns {Promise<Answer>}
 */
async function answerOf(server, asked) {
  try {
    return (await server.answer(asked)) ?? { status: 404, body: "" };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/**
 * @param {Answer} answer
 * @param {Behaviour} behaviour
 * @returns {Reply & { token?: string | undefined }}
 */
function replyOf({ status = 200, headers = {}, body, token }, behaviour = {}) {
  if (typeof body === "string") return { status, headers, body, token };
  const fields = /** @type {Record<string, unknown>} */ ({ ...body });
  if (status < 300) {
    Object.assign(fields, behaviour.token);
    for (const field of behaviour.without ?? []) delete fields[field];
  }
  const type = { "Content-Type": "application/json; charset=utf-8" };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(fields), token };
}

/**
 * @param {Server} server
 * @param {Asked} asked
 * @returns {Manner}
 */
function mannerOf(server, asked) {
  return {
    refusal: (code) => replyOf(server.refusal ? server.refusal(code, asked) : oauthError(String(code))),
    throttled: (seconds) => server.throttled && replyOf(server.throttled(seconds)),
    failure: server.failure ?? '{"error":"server_error"}',
  };
}

/**
 * @param {IncomingHttpHeaders} headers
 * @param {string} body
 * @returns {Params}
 */
function paramsOf(headers, body) {
  if (!headers["content-type"]?.startsWith("application/json")) return Object.fromEntries(new URLSearchParams(body));
  try {
    return { ...JSON.parse(body) };
  } catch {
    return {};
  }
}

/** @param {IncomingMessage} request */
async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
