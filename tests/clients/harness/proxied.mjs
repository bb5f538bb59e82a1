// A broker over TLS with APIs behind it that know nothing but tokens, and clients that may use them but get no token.

/** @import { WorldOptions } from "../../workerd/harness/world.mjs" */
/** @import { World } from "./libraries.mjs" */

import { credentialBindings, kindsAt, register } from "../../workerd/harness/credentials.mjs";
import { AUDIT, GRAPH, REPORTS } from "../../workerd/harness/fixtures.mjs";
import { localCa } from "../../workerd/harness/tls.mjs";
import { openWorld } from "../../workerd/harness/world.mjs";
import { blobStorage } from "./blob_storage.mjs";
import { gitHub } from "./github_api.mjs";
import { graph } from "./graph_api.mjs";
import { keyVault } from "./key_vault.mjs";
import { Service } from "./service.mjs";

/** The scopes of the APIs. GitHub has none. */
const STORAGE = "https://storage.azure.com/.default";
const VAULT = "https://vault.azure.net/.default";

/** What each client may do. `AUDIT` may do less than `REPORTS`. */
const ALLOW = {
  [REPORTS.id]: [
    { api: "storage", methods: ["GET", "HEAD", "PUT", "DELETE"] },
    { api: "github", methods: ["GET", "POST"] },
    { api: "graph", methods: ["GET"] },
    { api: "graph", methods: ["POST"], paths: ["users/*/sendMail"] },
    { api: "vault", methods: ["GET", "PUT"] },
  ],
  [AUDIT.id]: [
    { api: "storage", paths: ["reports", "reports/**"] },
    { api: "github", paths: ["repos/octo-org/*"] },
  ],
};

/**
 * @typedef {object} Proxied
 * @property {World} world
 * @property {Record<"storage" | "github" | "graph" | "vault", Service>} apis
 * @property {string} url That the names of the APIs are under.
 * @property {() => Promise<void>} close
 */

/**
 * Opens one. `clients` are more entries of `CLIENTS`.
 * @param {WorldOptions & { clients?: Record<string, unknown> }} options
 * @returns {Promise<Proxied>}
 */
export async function openProxied({ clients = {}, ...options } = {}) {
  /** @type {World | undefined} */
  let world;
  const start = (/** @type {import("./service.mjs").Kind} */ kind) =>
    Service.start(kind, () => world?.authority.issued ?? []);
  const apis = {
    storage: await start(blobStorage()),
    github: await start(gitHub()),
    graph: await start(graph()),
    vault: await start(keyVault()),
  };
  /** @param {string} url */
  const bindings = (url) => ({
    ...credentialBindings(kindsAt(url, ["github"])).bindings,
    APIS: {
      storage: { base: apis.storage.url, credential: "default", scope: STORAGE },
      github: { base: apis.github.url, credential: "github" },
      graph: { base: `${apis.graph.url}/v1.0`, credential: "default", scope: GRAPH },
      vault: { base: apis.vault.url, credential: "default", scope: VAULT },
    },
    CLIENTS: {
      [REPORTS.id]: { key_sha256: [REPORTS.digest], allow: ALLOW[REPORTS.id] },
      [AUDIT.id]: { key_sha256: [AUDIT.digest], allow: ALLOW[AUDIT.id] },
      ...clients,
    },
  });
  const { pair, certificate: trusted } = localCa();
  world = await openWorld({ tls: pair, trusted, bindings, ...options });
  register(world.authority, world.broker.url, kindsAt(world.authority.url, ["github"]));
  const { close } = world;
  return { world, apis, url: `${world.broker.url}/api`, close: () => close.call(world) };
}

/**
 * The environment of a program of docs/proxy.md, which is the client `REPORTS`.
 * @param {Proxied} proxied
 */
export const variables = ({ world: { broker } }) => ({
  BROKER: broker.url,
  BROKER_CLIENT_ID: REPORTS.id,
  BROKER_KEY: REPORTS.key,
  ...localCa().env,
});
