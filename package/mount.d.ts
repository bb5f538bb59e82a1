import type { Broker, BrokerContext, BrokerEnv } from "./index.js";

/**
 * The broker in the isolate of your own Worker, as the client `clientId` sees it: the same interface as over a service binding,
 * the same decisions, limits and log, and no HTTP in between.
 *
 * The configuration decides what the client may have. It needs `service_binding = true`. Never take `clientId` from a request:
 * the program that chooses it gets the client's tokens.
 *
 * @param clientId A client of `CLIENTS` or of the registry.
 * @param env The bindings of your Worker, with those of the broker among them.
 * @param ctx Of the event in which the broker is called. Make a new one for each event.
 */
export declare function brokerAs(clientId: string, env: BrokerEnv, ctx: BrokerContext): Broker;
