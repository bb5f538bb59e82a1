// The back ends of the Workers: an authorization server and a KV namespace, both on loopback. And the clients.

/** @import { Request } from "autocannon" */
/** @import { Client as Fields } from "../../cli/lib/configured.mjs" */

import { randomBytes } from "node:crypto";

import { keyDigest, newClientKey } from "../../cli/lib/client-key.mjs";
import { registryEntries } from "../../cli/lib/registry-entry.mjs";
import { startAuthority } from "../../stand-in/authority.mjs";
import { KvServer } from "../../tests/workerd/harness/kv_server.mjs";

const SECRET = "the client secret of nothing but a stand-in";
const APP = {
  tenant: "62c7baea-80bd-4e6c-8f27-066f93d3eda1",
  clientId: "4e4c9d60-3356-40be-94a5-ed8b55587619",
  secrets: [SECRET],
};

/** @typedef {{ id: string, key: string, digest: string, scope: string }} Client */

/** @typedef {Awaited<ReturnType<typeof openBackends>>} Backends */

/**
 * @typedef {{ port: number, bindings: Record<string, string> }} Registry `bindings` are what a broker needs to read it.
 */

/**
 * The scope with number `n`.
 * @param {number} n
 */
export const scopeOf = (n) => `https://api-${n}.example/.default`;

/**
 * A client, with a grant for the scope of its own number.
 * @param {number} n
 * @returns {Client}
 */
export function newClient(n) {
  const key = newClientKey();
  return { id: `client-${n}`, key, digest: keyDigest(key), scope: scopeOf(n) };
}

/** Client number 0. Most rows are measured with it. */
export const CLIENT = newClient(0);

export async function openBackends() {
  const authority = await startAuthority({ apps: [APP] });
  const kv = await KvServer.start();
  const emptyKv = await KvServer.start();
  /** @type {KvServer[]} */
  const registries = [];
  emptyKv.reads = { status: 404 };
  return {
    authority,
    kv,
    /** Takes every value and keeps none. */
    emptyKv,
    /**
     * @param {Client[]} clients The simpler peers know only the first.
     * @param {Record<string, string>} more
     * @returns {Record<string, string>}
     */
    bindings: ([first = CLIENT, ...others], more = {}) => ({
      AZ_TENANT: APP.tenant,
      AZ_CLIENT_ID: APP.clientId,
      AZ_CLIENT_SECRET: SECRET,
      AZ_AUTHORITY_HOST: authority.url,
      CLIENTS: JSON.stringify(Object.fromEntries([first, ...others].map(entry))),
      LOG_HITS: "false",
      // The simpler peers have these instead of CLIENTS.
      CLIENT_ID: first.id,
      CLIENT_KEY: first.key,
      SCOPE: first.scope,
      ...more,
    }),
    /**
     * A registry of `clients`.
     * @param {Client[]} clients
     * @returns {Promise<Registry>}
     */
    async registry(clients) {
      const registry = await KvServer.start();
      registries.push(registry);
      const registryKey = randomBytes(32);
      const entries = clients.map(entry).map(([id, fields]) => ({ id, entry: JSON.stringify(fields) }));
      for (const { key, value } of (await registryEntries(entries, registryKey)).flat()) {
        registry.values.set(key, { value: Buffer.from(value), expiresAt: Infinity });
      }
      return { port: registry.port, bindings: { REGISTRY_KEY: registryKey.toString("base64"), CLIENTS: "{}" } };
    },
    /** Drops the records of both: tests need them, and here they only grow. */
    forget() {
      authority.requests.length = 0;
      authority.issued.length = 0;
      kv.operations.length = 0;
      emptyKv.operations.length = 0;
    },
    close: () => Promise.all([authority, kv, emptyKv, ...registries].map((server) => server.close())),
  };
}

/**
 * @param {Client} client
 * @returns {[string, Fields]}
 */
const entry = ({ id, digest, scope }) => [id, { key_sha256: [digest], allow: [{ credential: "default", scope }] }];

/**
 * `GET /token`, in the form of autocannon.
 * @param {Client} client
 * @returns {Request}
 */
export function getToken({ key, scope } = CLIENT) {
  return {
    method: "GET",
    path: `/token?scope=${encodeURIComponent(scope)}`,
    headers: { authorization: `Bearer ${key}` },
  };
}

/**
 * `GET /msi/token`, with as many headers as `GET /token`.
 * @param {Client} client
 * @returns {Request}
 */
export function getIdentityToken({ key, scope } = CLIENT) {
  const resource = encodeURIComponent(scope.replace("/.default", ""));
  return {
    method: "GET",
    path: `/msi/token?api-version=2019-08-01&resource=${resource}`,
    headers: { "x-identity-header": key },
  };
}

/**
 * `POST /oauth2/v2.0/token` with `client_secret_basic`.
 * @param {Pick<Client, "id" | "key" | "scope">} client
 */
export function postToken({ id, key, scope } = CLIENT) {
  return {
    method: "POST",
    path: "/oauth2/v2.0/token",
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${key}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ grant_type: "client_credentials", scope }).toString(),
  };
}

/**
 * The token request of a program that has no broker.
 * @param {Client} client
 * @returns {Request}
 */
export function directRequest({ scope } = CLIENT) {
  const form = { grant_type: "client_credentials", client_id: APP.clientId, client_secret: SECRET, scope };
  return {
    method: "POST",
    path: `/${APP.tenant}/oauth2/v2.0/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  };
}
