// The world of one test file: a broker in workerd, the stand-in authorization server, a KV namespace.

import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startAuthority } from "../../../stand-in/authority.mjs";
import { Broker } from "./broker.mjs";
import { ALL_SECRETS, BILLING_APP, CLIENTS, DEFAULT_APP, REPORTS, SCOPES } from "./fixtures.mjs";
import { KvServer } from "./kv_server.mjs";
import { Sweep } from "./sweep.mjs";

/**
 * Opens a world. `bindings` (or a function that makes them of the authority's URL) are added to the broker's standard
 * ones; `undefined` removes one. `kv: false` leaves the `TOKENS` binding out, `registry: true` adds `REGISTRY`. `front`
 * puts another Worker before the broker, `bound` gives it more bindings, `beside` is more Workers, `wrapped` more
 * objects of the runtime (workerd_config.mjs).
 *
 * `coordinator: false` leaves the `COORDINATOR` binding out, `{ durable: true }` keeps what the coordinators stored over
 * restarts, and `{ source }` is a module with another class `TokenCoordinator`.
 *
 * `breaks`: the Worker is meant to panic, hang or throw; in every other world that fails the test.
 *
 * Closing it sweeps everything that came out of it for every secret that went in.
 */
export async function openWorld({
  bindings = {},
  kv = true,
  registry = false,
  front,
  bound,
  beside,
  wrapped,
  coordinator = {},
  breaks,
} = {}) {
  const sweep = new Sweep();
  for (const [what, secret] of ALL_SECRETS) sweep.secret(what, secret);
  const authority = await startAuthority({ apps: [DEFAULT_APP, BILLING_APP] });
  const storage = coordinator.durable ? await mkdtemp(join(tmpdir(), "edge-token-broker-objects-")) : undefined;
  const world = new World({
    sweep,
    authority,
    front,
    bound,
    beside,
    wrapped,
    breaks,
    kv: kv ? await KvServer.start() : undefined,
    registry: registry ? await KvServer.start() : undefined,
    coordinator: coordinator && { source: coordinator.source, storage },
  });
  try {
    await world.startBroker(bindings);
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}

/** Opens a world for the length of `body`, for the tests that need one of their own. */
export async function withWorld(options, body) {
  const world = await openWorld(options);
  try {
    return await body(world);
  } finally {
    await world.close();
  }
}

class World {
  #scopes = SCOPES[Symbol.iterator]();

  constructor(parts) {
    Object.assign(this, parts);
  }

  async startBroker(bindings) {
    const { url } = this.authority;
    const all = standardBindings(url, typeof bindings === "function" ? bindings(url) : bindings);
    for (const [name, value] of Object.entries(all)) {
      if (/SECRET|KEY/.test(name) && typeof value === "string") this.sweep.secret(name, value);
    }
    const { kv, registry, front, bound, beside, wrapped, coordinator, sweep, breaks } = this;
    const ports = { kvPort: kv?.port, registryPort: registry?.port };
    this.broker = await Broker.start({
      bindings: all,
      ...ports,
      front,
      bound,
      beside,
      wrapped,
      coordinator,
      sweep,
      breaks,
    });
  }

  /** Another isolate with the same KV: what a deployment or another machine of the same location is. workerd is killed. */
  async restart(bindings = {}) {
    await this.broker.stop();
    await this.startBroker(bindings);
  }

  async close() {
    try {
      await this.broker?.stop();
    } finally {
      await this.authority.close();
      await this.kv?.close();
      await this.registry?.close();
      await this.#readStorage();
    }
    this.#sweepUp();
  }

  /** What the coordinators stored, for the sweep; then it is gone. */
  async #readStorage() {
    const { storage } = this.coordinator || {};
    if (!storage) return;
    for (const entry of await readdir(storage, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        this.sweep.record("coordinator's storage", await readFile(join(entry.parentPath, entry.name)));
    }
    await rm(storage, { recursive: true, force: true });
  }

  #sweepUp() {
    for (const token of this.authority.issued) this.sweep.token(token);
    for (const { key, value, metadata } of this.kv?.operations ?? []) {
      this.sweep.record("KV key", key);
      this.sweep.record("KV metadata", metadata ?? "");
      if (value) this.sweep.record("KV value", value);
    }
    const findings = this.sweep.findings();
    if (findings.length > 0) throw new Error(`secrets got out: ${findings.join("; ")}`);
  }

  /** A scope granted to REPORTS and AUDIT that no other test of this world uses. */
  newScope() {
    const { value, done } = this.#scopes.next();
    if (done) throw new Error("fixtures.mjs has too few SCOPES for this file");
    return value;
  }

  fetch(path, init) {
    return this.broker.fetch(path, init);
  }

  /** `GET /token` as a client. */
  getToken({ client = REPORTS, key = client.key, scope, credential, headers = {}, query = {} } = {}) {
    const asked = new URLSearchParams({ ...(scope && { scope }), ...(credential && { credential }), ...query });
    return this.fetch(`/token?${asked}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });
  }

  /** `POST …/oauth2/v2.0/token` with `client_secret_post`, or with what `params` and `headers` make of it. */
  postToken({ client = REPORTS, scope, path = "/oauth2/v2.0/token", params = {}, headers = {} } = {}) {
    const form = {
      grant_type: "client_credentials",
      client_id: client.id,
      client_secret: client.key,
      scope,
      ...params,
    };
    const present = Object.entries(form).filter(([, value]) => value !== undefined);
    return this.fetch(path, { method: "POST", headers, body: new URLSearchParams(present) });
  }

  /** `POST …/oauth2/v2.0/token` with `client_secret_basic`. */
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

  /** What the authorization server received on behalf of a reply. */
  upstreamRequests({ requestId }) {
    return this.authority.requests.filter(({ headers }) => headers["client-request-id"] === requestId);
  }

  /** Every request that the authorization server received for a scope. */
  upstreamFor(scope) {
    return this.authority.requests.filter(({ params }) => params.scope === scope);
  }

  /** `GET /token` by a client that resets its TCP connection when it is told to `leave`. */
  impatientClient({ client = REPORTS, scope, requestId = randomUUID() }) {
    const socket = connect(this.broker.port, "127.0.0.1").on("error", () => {});
    const headers = `Host: broker\r\nAuthorization: Bearer ${client.key}\r\nX-Request-Id: ${requestId}`;
    socket.write(`GET /token?scope=${scope} HTTP/1.1\r\n${headers}\r\n\r\n`);
    return { requestId, leave: () => socket.resetAndDestroy() };
  }

  logOf(reply) {
    return this.broker.logOf(reply);
  }
}

/** RFC 6749 §2.3.1: both halves form-urlencoded, then base64. */
export function basic(id, secret, scheme = "Basic") {
  const encode = (text) => new URLSearchParams([["", text]]).toString().slice(1);
  return `${scheme} ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}`;
}

function standardBindings(authorityUrl, overrides) {
  const bindings = {
    AZ_TENANT: DEFAULT_APP.tenant,
    AZ_CLIENT_ID: DEFAULT_APP.clientId,
    AZ_CLIENT_SECRET: DEFAULT_APP.secrets[0],
    AZ_AUTHORITY_HOST: authorityUrl,
    CREDENTIALS: {
      billing: {
        tenant: BILLING_APP.tenant,
        client_id: BILLING_APP.clientId,
        client_secret: "BILLING_SECRET",
        authority_host: authorityUrl,
      },
    },
    BILLING_SECRET: BILLING_APP.secrets[0],
    CLIENTS,
    ...overrides,
  };
  return Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined));
}
