// The world of one test file: a broker in workerd, the stand-in authorization server, a KV namespace.

/** @import { RunningAuthority } from "../../../stand-in/authority.mjs" */
/** @import { Client } from "./fixtures.mjs" */
/** @import { BrokerConfig, ConfiguredCoordinator } from "./workerd_config.mjs" */

import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startAuthority } from "../../../stand-in/authority.mjs";
import { basic } from "./basic.mjs";
import { defined, standardBindings } from "./bindings.mjs";
import { Broker } from "./broker.mjs";
import { ALL_SECRETS, BILLING_APP, DEFAULT_APP, REPORTS, SCOPES } from "./fixtures.mjs";
import { KvServer } from "./kv_server.mjs";
import { Sweep } from "./sweep.mjs";

export { basic };

/**
 * @typedef {Record<string, unknown> | ((authorityUrl: string) => Record<string, unknown>)} Bindings They are added to the
 *   broker's standard ones; `undefined` removes one.
 */

/** @typedef {Omit<BrokerConfig, "bindings" | "kvPort" | "registryPort" | "coordinator">} Around (workerd_config.mjs) */

/**
 * @typedef {object} WorldOwn
 * @property {Bindings} [bindings]
 * @property {boolean} [kv] `false` leaves the `TOKENS` binding out.
 * @property {boolean} [registry] `true` adds the `REGISTRY` binding.
 * @property {{ durable?: boolean, source?: string } | false} [coordinator] `false` leaves the `COORDINATOR` binding out,
 *   `durable` keeps what the coordinators stored over restarts, and `source` is a module with another `TokenCoordinator`.
 * @property {boolean} [breaks] The Worker is meant to panic, hang or throw; in every other world that fails the test.
 */

/** @typedef {WorldOwn & Around} WorldOptions */

/**
 * A test's request to the token routes.
 * @typedef {object} Asked
 * @property {Pick<Client, "id" | "key">} [client]
 * @property {string | undefined} [scope]
 * @property {Record<string, string>} [headers]
 */

/** @typedef {Asked & { key?: string, credential?: string, query?: Record<string, string> }} AskedByGet */

/** @typedef {Asked & { path?: string, params?: Record<string, string | undefined> }} AskedByPost */

/**
 * Opens a world. `close` searches everything that came out of it for every secret that went in.
 * @param {WorldOptions} options
 */
export async function openWorld({
  bindings = {},
  kv = true,
  registry = false,
  coordinator = {},
  breaks = false,
  ...around
} = {}) {
  const sweep = new Sweep();
  for (const [what, secret] of ALL_SECRETS) sweep.secret(what, secret);
  const authority = await startAuthority({ apps: [DEFAULT_APP, BILLING_APP] });
  const world = new World({
    sweep,
    authority,
    around,
    breaks,
    kv: kv ? await KvServer.start() : undefined,
    registry: registry ? await KvServer.start() : undefined,
    coordinator: coordinator && {
      source: coordinator.source,
      storage: coordinator.durable ? await mkdtemp(join(tmpdir(), "edge-token-broker-objects-")) : undefined,
    },
  });
  try {
    await world.startBroker(bindings);
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}

/**
 * Runs `body` with a world of its own.
 * @template T
 * @param {WorldOptions} options
 * @param {(world: World) => Promise<T>} body
 */
export async function withWorld(options, body) {
  const world = await openWorld(options);
  try {
    return await body(world);
  } finally {
    await world.close();
  }
}

/**
 * @typedef {object} Parts
 * @property {Sweep} sweep
 * @property {RunningAuthority} authority
 * @property {Around} around
 * @property {boolean} breaks
 * @property {KvServer | undefined} kv
 * @property {KvServer | undefined} registry
 * @property {ConfiguredCoordinator | false} coordinator
 */

export class World {
  #scopes = SCOPES[Symbol.iterator]();
  #parts;
  /** @type {Broker | undefined} */
  #broker;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.authority = parts.authority;
    this.sweep = parts.sweep;
  }

  get broker() {
    return present(this.#broker, "broker");
  }

  get kv() {
    return present(this.#parts.kv, "KV namespace TOKENS");
  }

  get registry() {
    return present(this.#parts.registry, "KV namespace REGISTRY");
  }

  /** @param {Bindings} bindings */
  async startBroker(bindings) {
    const { url } = this.authority;
    const all = standardBindings(url, typeof bindings === "function" ? bindings(url) : bindings);
    for (const [name, value] of Object.entries(all)) {
      if (/SECRET|KEY/.test(name) && typeof value === "string") this.sweep.secret(name, value);
    }
    const { kv, registry, around, coordinator, sweep, breaks } = this.#parts;
    const ports = { kvPort: kv?.port, registryPort: registry?.port };
    this.#broker = await Broker.start({ bindings: all, ...ports, ...around, coordinator, sweep, breaks });
  }

  /**
   * Kills workerd and starts it again: a new isolate with the same KV, as after a deployment or on another machine.
   * @param {Bindings} bindings
   * @param {Around} around What is another one from now on.
   */
  async restart(bindings = {}, around = {}) {
    Object.assign(this.#parts.around, around);
    await this.broker.stop();
    await this.startBroker(bindings);
  }

  async close() {
    try {
      await this.#broker?.stop();
    } finally {
      await this.authority.close();
      await this.#parts.kv?.close();
      await this.#parts.registry?.close();
      await this.#readStorage();
    }
    this.#sweepUp();
  }

  /** Gives the coordinators' storage to the sweep, and deletes it. */
  async #readStorage() {
    const { coordinator } = this.#parts;
    if (!coordinator || !coordinator.storage) return;
    const { storage } = coordinator;
    for (const entry of await readdir(storage, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        this.sweep.record("coordinator's storage", await readFile(join(entry.parentPath, entry.name)));
    }
    await rm(storage, { recursive: true, force: true });
  }

  #sweepUp() {
    for (const token of this.authority.issued) this.sweep.token(token);
    for (const { key, value, metadata } of this.#parts.kv?.operations ?? []) {
      this.sweep.record("KV key", key);
      this.sweep.record("KV metadata", metadata ?? "");
      if (value) this.sweep.record("KV value", value);
    }
    const findings = this.sweep.findings();
    if (findings.length > 0) throw new Error(`secrets got out: ${findings.join("; ")}`);
  }

  /** A scope that REPORTS and AUDIT may get and that no other test of this world uses. */
  newScope() {
    const { value } = this.#scopes.next();
    if (value === undefined) throw new Error("fixtures.mjs has too few SCOPES for this file");
    return value;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   */
  fetch(path, init) {
    return this.broker.fetch(path, init);
  }

  /**
   * `GET /token` as a client.
   * @param {AskedByGet} asked
   */
  getToken({ client = REPORTS, key = client.key, scope, credential, headers = {}, query = {} } = {}) {
    const asked = new URLSearchParams({ ...(scope && { scope }), ...(credential && { credential }), ...query });
    return this.fetch(`/token?${asked}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });
  }

  /**
   * `POST …/oauth2/v2.0/token` with `client_secret_post`, changed by `params` and `headers`.
   * @param {AskedByPost} asked
   */
  postToken({ client = REPORTS, scope, path = "/oauth2/v2.0/token", params = {}, headers = {} } = {}) {
    const form = {
      grant_type: "client_credentials",
      client_id: client.id,
      client_secret: client.key,
      scope,
      ...params,
    };
    return this.fetch(path, { method: "POST", headers, body: new URLSearchParams(defined(form)) });
  }

  /**
   * `POST …/oauth2/v2.0/token` with `client_secret_basic`.
   * @param {AskedByPost & { authorization?: string }} asked
   */
  postTokenBasic({
    client = REPORTS,
    authorization = basic(client.id, client.key),
    params = {},
    headers = {},
    ...rest
  } = {}) {
    return this.postToken({
      client,
      params: { client_id: undefined, client_secret: undefined, ...params },
      headers: { Authorization: authorization, ...headers },
      ...rest,
    });
  }

  /**
   * The requests that the authorization server received for a reply.
   * @param {{ requestId: string }} reply
   */
  upstreamRequests({ requestId }) {
    return this.authority.requests.filter(({ headers }) => headers["client-request-id"] === requestId);
  }

  /**
   * Every request that the authorization server received for a scope.
   * @param {string} scope
   */
  upstreamFor(scope) {
    return this.authority.requests.filter(({ params }) => params.scope === scope);
  }

  /**
   * `GET /token` by a client that resets its TCP connection on `leave`.
   * @param {{ client?: Client, scope: string, requestId?: string }} asked
   */
  impatientClient({ client = REPORTS, scope, requestId = randomUUID() }) {
    const socket = connect(this.broker.port, "127.0.0.1").on("error", () => {});
    const headers = `Host: localhost\r\nAuthorization: Bearer ${client.key}\r\nX-Request-Id: ${requestId}`;
    socket.write(`GET /token?scope=${scope} HTTP/1.1\r\n${headers}\r\n\r\n`);
    return { requestId, leave: () => socket.resetAndDestroy() };
  }

  /** @param {{ requestId: string }} reply */
  logOf(reply) {
    return this.broker.logOf(reply);
  }
}

/**
 * @template T
 * @param {T | undefined} part
 * @param {string} what
 */
function present(part, what) {
  if (part === undefined) throw new Error(`this world has no ${what}`);
  return part;
}
