// The client of the broker for JavaScript: docs/client.md.

export { BrokerCredential } from "./credential.mjs";
export { BrokerError } from "./error.mjs";
export { brokerFetch } from "./fetch.mjs";
