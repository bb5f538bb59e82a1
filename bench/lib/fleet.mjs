// The servers of one scene, running side by side.

import { CLIENT } from "./backends.mjs";
import { startWorkerd } from "./workerd.mjs";
import { COORDINATOR, brokerModules, peerModules } from "./workers.mjs";

/** The peers that need the runtime's Node.js half. */
const FLAGS = { msal: ["nodejs_compat"] };

const same = (modules) => modules;

export class Fleet {
  #backends;
  #servers = [];

  constructor(backends) {
    this.#backends = backends;
  }

  /**
   * The broker from `bundle` (left out: what would be deployed), or a peer by name. `kv: "empty"` has no values;
   * `coordinator: false` leaves the broker's out, as the peers have none; `registry` is one of the backends'; `bindings` come on top of the usual ones;
   * `around` makes other modules of the broker's.
   */
  async start(worker, options = {}) {
    const {
      clients = [CLIENT],
      bindings,
      kv = "kv",
      coordinator = true,
      bundle,
      around = same,
      inspected,
      registry,
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
    });
    this.#servers.push(server);
    return { name: worker, script: modules[0].content, ...server };
  }

  async stop() {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}

/** A fleet for the length of `work`. */
export async function withFleet(backends, work) {
  const fleet = new Fleet(backends);
  try {
    return await work(fleet);
  } finally {
    await fleet.stop();
    backends.forget();
  }
}
