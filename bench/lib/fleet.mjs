// The servers of one scene. They run side by side.

/** @import { Backends, Client, Registry } from "./backends.mjs" */
/** @import { Front, Module, Workerd } from "./workerd.mjs" */

import { CLIENT } from "./backends.mjs";
import { startWorkerd } from "./workerd.mjs";
import { COORDINATOR, brokerModules, peerModules } from "./workers.mjs";

/** @typedef {Workerd & { name: string, script: string }} Server `script` is its main module. */

/**
 * @typedef {object} Options
 * @property {Client[]} [clients]
 * @property {Record<string, string>} [bindings] They come on top of the usual ones.
 * @property {"kv" | "empty"} [kv] `empty` has no values.
 * @property {boolean} [coordinator] `false` leaves the broker's out, as the peers have none.
 * @property {string | undefined} [bundle] The folder of the broker's bundle; by default the one to deploy.
 * @property {(modules: Module[]) => Module[]} [around] Makes other modules of the broker's.
 * @property {boolean} [inspected]
 * @property {Front} [front] Another Worker that takes the requests, with the broker behind its binding `BROKER`.
 * @property {Registry} [registry]
 */

/** @type {Record<string, string[]>} The peers that need the runtime's Node.js half. */
const FLAGS = { msal: ["nodejs_compat"] };

/** @param {Module[]} modules */
const same = (modules) => modules;

export class Fleet {
  #backends;
  /** @type {Workerd[]} */
  #servers = [];

  /** @param {Backends} backends */
  constructor(backends) {
    this.#backends = backends;
  }

  /**
   * The broker, or a peer by name.
   * @param {string} worker
   * @param {Options} options
   * @returns {Promise<Server>}
   */
  async start(worker, options = {}) {
    const {
      clients = [CLIENT],
      bindings,
      kv,
      coordinator = true,
      bundle,
      around = same,
      inspected,
      registry,
      front,
    } = options;
    const isBroker = worker === "broker";
    const modules = isBroker ? around(brokerModules(bundle)) : await peerModules(worker);
    const server = await startWorkerd({
      modules,
      flags: FLAGS[worker],
      bindings: this.#backends.bindings(clients, { ...registry?.bindings, ...bindings }),
      registryPort: registry?.port,
      kvPort: this.#backends[kv === "empty" ? "emptyKv" : "kv"].port,
      objects: isBroker && coordinator ? COORDINATOR : undefined,
      inspected,
      front,
    });
    this.#servers.push(server);
    return { name: worker, script: `${modules[0]?.content}`, ...server };
  }

  async stop() {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}

/**
 * Runs `work` with a fleet.
 * @template T
 * @param {Backends} backends
 * @param {(fleet: Fleet) => Promise<T>} work
 */
export async function withFleet(backends, work) {
  const fleet = new Fleet(backends);
  try {
    return await work(fleet);
  } finally {
    await fleet.stop();
    backends.forget();
  }
}
