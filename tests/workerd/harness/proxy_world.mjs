// A world with an API behind the broker.

/** @import { CallerAnswer } from "./caller.mjs" */
/** @import { World } from "./world.mjs" */

import { randomUUID } from "node:crypto";

import { ApiServer } from "./api_server.mjs";
import { RawCaller, send } from "./caller.mjs";
import { REPORTS, SCOPES } from "./fixtures.mjs";
import { localCa } from "./tls.mjs";
import { openWorld } from "./world.mjs";

/** How many APIs `newApi` has. */
const APIS = 24;
/** The path of the API under which every base is. */
const BASE = "/base";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** @typedef {{ method?: string, headers?: Record<string, string | string[]>, body?: Buffer | string }} Sent */

/**
 * @typedef {object} ProxyOptions
 * @property {(url: string) => Record<string, object>} [apis] More entries of `APIS`, with the URL of the API. The client has all.
 * @property {object} [client] More fields of the client.
 * @property {object} [bindings] More bindings.
 * @property {string[]} [foreign] As in workerd_config.mjs.
 * @property {false | {}} [coordinator] `false` leaves it out.
 */

/**
 * Opens a world with an API behind the broker, under many names with a token each.
 * @param {ProxyOptions} options
 */
export async function openProxy({
  apis = () => ({}),
  client = {},
  bindings = {},
  foreign = [],
  coordinator = {},
} = {}) {
  const api = await ApiServer.start();
  const base = api.url + BASE;
  const many = Array.from({ length: APIS }, (_, n) => [`api-${n}`, { base, ...grant(n) }]);
  const more = Object.entries(apis(base)).map(([name, entry], n) => [name, { base, ...grant(APIS + n), ...entry }]);
  const entries = Object.fromEntries([...many, ...more]);
  const allow = Object.keys(entries).map((api) => ({ api, methods: METHODS }));
  const CLIENTS = { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow, ...client } };
  try {
    const world = await openWorld({
      bindings: { APIS: entries, CLIENTS, ...bindings },
      trusted: localCa().certificate,
      foreign,
      coordinator,
    });
    return new Proxied(api, world);
  } catch (error) {
    await api.close();
    throw error;
  }
}

/** @param {number} n */
const grant = (n) => ({ credential: "default", scope: SCOPES[n] });

export class Proxied {
  /** The first one is what `send` and `begin` take. */
  #count = 1;

  /**
   * @param {ApiServer} api
   * @param {World} world
   */
  constructor(api, world) {
    this.api = api;
    this.world = world;
  }

  get port() {
    return this.world.broker.port;
  }

  /** The name of an API whose token no other test of this world uses, and its scope. */
  newApi() {
    if (this.#count === APIS) throw new Error("proxy_world.mjs has too few APIS for this file");
    const n = this.#count++;
    return { name: `api-${n}`, scope: SCOPES[n] };
  }

  /**
   * What the API does at `path`, under its base.
   * @param {string} path
   * @param {import("./api_server.mjs").Behaviour} behaviour
   */
  on(path, behaviour) {
    this.api.on(BASE + path, behaviour);
  }

  /** @param {string} path Under the base. */
  callsAt(path) {
    return this.api.callsAt(BASE + path);
  }

  /** @param {string} path Under the base. */
  arrival(path) {
    return this.api.arrival(BASE + path);
  }

  /**
   * Sends a request to `/api/api-0{path}`, as the client.
   * @param {string} path
   * @param {Sent & { name?: string }} sent
   * @returns {Promise<CallerAnswer & { requestId: string }>}
   */
  async send(path, { name = "api-0", headers = {}, ...init } = {}) {
    const requestId = randomUUID();
    const own = { Authorization: `Bearer ${REPORTS.key}`, "X-Request-Id": requestId };
    const answer = await send(this.port, `/api/${name}${path}`, { headers: { ...own, ...headers }, ...init });
    this.world.sweep.record("answer of the proxy", JSON.stringify(answer.rawHeaders));
    this.world.sweep.record("answer of the proxy", answer.body);
    return { ...answer, requestId };
  }

  /**
   * Begins a request to `/api/api-0{path}`, as the client.
   * @param {string} path
   * @param {{ name?: string, method?: string, headers?: Record<string, string> }} sent
   */
  async begin(path, { name = "api-0", method = "GET", headers = {} } = {}) {
    const requestId = randomUUID();
    const caller = await RawCaller.connect(this.port);
    const own = { Authorization: `Bearer ${REPORTS.key}`, "X-Request-Id": requestId };
    caller.head(method, `/api/${name}${path}`, { ...own, ...headers });
    return Object.assign(caller, { requestId });
  }

  /** @param {{ requestId: string }} reply */
  logOf(reply) {
    return this.world.logOf(reply);
  }

  async close() {
    try {
      await this.world.close();
    } finally {
      await this.api.close();
    }
  }
}
