// The broker in the isolate of your own Worker, without HTTP in between.

import worker from "../build/index.js";

/**
 * The broker as the client `clientId` sees it. The configuration decides whether that client may call so: it needs
 * `service_binding = true`. Never take the id from a request: its sender would choose whose tokens it gets.
 *
 * @param {string} clientId
 * @param {import("./index.d.ts").BrokerEnv} env
 * @param {import("./index.d.ts").BrokerContext} ctx Of the event in which the broker is called.
 * @returns {import("./index.d.ts").Broker}
 */
export function brokerAs(clientId, env, ctx) {
  // The first call of an isolate sets the broker up with its `env`.
  for (const [name, value] of Object.entries({ env, ctx }))
    if (typeof value !== "object" || value === null)
      throw new TypeError(`brokerAs needs ${name} of the event: brokerAs("my-app", env, ctx)`);
  const context = { props: { client_id: clientId }, waitUntil: (work) => ctx.waitUntil(work) };
  return {
    getToken: (request) => worker.getToken(request, env, context),
    revoke: (request) => worker.revoke(request, env, context),
  };
}
