// A real OpenID provider on loopback: the package oidc-provider.
//
//   const provider = await startProvider((issuer) => ({ clients: [...] }));
//   provider.configure({ clients: [...] });    // another provider at the same issuer, and without memory
//   provider.paths                             // what was requested, oldest first

/** @import { AddressInfo } from "node:net" */

import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";

/** @param {(issuer: string) => Record<string, unknown>} configurationOf */
export async function startProvider(configurationOf) {
  /** @type {import("node:http").RequestListener} */
  let answer;
  /** @type {string[]} */
  const paths = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    return answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`;

  /** @param {Record<string, unknown>} configuration */
  function configure(configuration) {
    const provider = quietly(() => new Provider(issuer, configuration));
    answer = provider.callback();
    return provider;
  }
  return {
    issuer,
    paths,
    configure,
    provider: configure(configurationOf(issuer)),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * It warns about http and the lack of a database: both are meant here.
 * @template T
 * @param {() => T} make
 */
function quietly(make) {
  const { warn, info } = console;
  Object.assign(console, { warn() {}, info() {} });
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}
