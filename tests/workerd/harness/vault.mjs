// A Secrets Store whose values a test changes while the broker runs. As with Cloudflare's, and with miniflare's, a binding
// is a service binding to a Worker with the method `get`.

import { once } from "node:events";
import { createServer } from "node:http";

/** Starts a store with `values`: name → text, `null` for a secret that does not exist, `undefined` for no answer. */
export async function startVault(/** @type {Record<string, string | null | undefined>} */ values) {
  /** @type {string[]} */
  const reads = [];
  const server = createServer(({ url = "" }, response) => {
    const name = url.slice(1);
    reads.push(name);
    const text = values[name];
    if (text !== undefined) response.writeHead(text === null ? 404 : 200).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    values,
    /** The names that were read. */
    reads,
    /** The sources of the Workers behind the bindings (workerd_config.mjs, `beside`). */
    beside: Object.fromEntries(Object.keys(values).map((name) => [name, secret(name, port)])),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @type {(name: string, port: number) => string} */
const secret = (name, port) => `
import { WorkerEntrypoint } from "cloudflare:workers";

export default class Secret extends WorkerEntrypoint {
  async get() {
    const response = await fetch("http://127.0.0.1:${port}/${name}");
    if (!response.ok) throw new Error('Secret "${name}" not found');
    return response.text();
  }
}`;
