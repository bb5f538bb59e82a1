// App registrations, client keys and scopes of the tests.

import { randomBytes } from "node:crypto";

import { keyDigest, newClientKey } from "../../../cli/lib/client-key.mjs";

/** Characters that a form, a Basic header or a log has to escape. Secrets have many of them. */
const AWKWARD = "~8Q+/=&%:;?#' <>";

const newSecret = () => `${randomBytes(12).toString("base64url")}${AWKWARD}${randomBytes(6).toString("base64url")}`;

/** The `default` credential's app registration, with two valid secrets. */
export const DEFAULT_APP = {
  tenant: "62c7baea-80bd-4e6c-8f27-066f93d3eda1",
  clientId: "4e4c9d60-3356-40be-94a5-ed8b55587619",
  secrets: [newSecret(), newSecret()],
};

/** The app registration of `billing`: another tenant, named by its domain. */
export const BILLING_APP = {
  tenant: "contoso.onmicrosoft.com",
  clientId: "0b5f1f4a-7c7e-4b7e-9a39-2a9d3c1f6e55",
  secrets: [newSecret()],
};

export const CACHE_KEY = randomBytes(32).toString("base64");

/** @typedef {{ id: string, key: string, digest: string }} Client */

/**
 * A client with a key as `npm run new-client` makes it.
 * @param {string} id
 * @returns {Client}
 */
export const newClient = (id) => {
  const key = newClientKey();
  return { id, key, digest: keyDigest(key) };
};

/** Clients of the broker. Their grants are in `grants` below. */
export const REPORTS = newClient("reports");
export const AUDIT = newClient("audit");
export const SINGLE = newClient("single");
export const BILLING = newClient("billing");

export const GRAPH = "https://graph.microsoft.com/.default";
export const LEDGER = "https://ledger.example/.default";

/** Granted, but refused by the authorization server: not a `/.default` scope. */
export const REFUSED_SCOPE = "https://graph.microsoft.com/.defaultd";

/** A grant whose scope is a set of two. */
export const TWO_SCOPES = "https://first.example/.default https://second.example/.default";

/** A pool of granted scopes. Each test takes one of its own, and with it a token of its own. */
export const SCOPES = Array.from({ length: 64 }, (_, n) => `https://api-${n}.example/.default`);

/** @param {string} scope */
const onDefault = (scope) => ({ credential: "default", scope });

/** @type {(what: string) => (secret: string) => [string, string]} */
const named = (what) => (secret) => [what, secret];

/** @type {[string, string][]} Everything that must never be seen outside: what it is → value. */
export const ALL_SECRETS = [
  ...[DEFAULT_APP, BILLING_APP].flatMap(({ secrets }) => secrets).map(named("client secret")),
  ...[REPORTS, AUDIT, SINGLE, BILLING].map(({ key }) => key).map(named("client key")),
  ["CACHE_KEY", CACHE_KEY],
  ["CACHE_KEY", Buffer.from(CACHE_KEY, "base64").toString("hex")],
];

/**
 * @type {Record<string, { key_sha256: string[], allow: { credential: string, scope: string }[] }>} The table `CLIENTS`.
 */
export const CLIENTS = {
  [REPORTS.id]: { key_sha256: [REPORTS.digest], allow: [...SCOPES, GRAPH, REFUSED_SCOPE, TWO_SCOPES].map(onDefault) },
  [AUDIT.id]: { key_sha256: [AUDIT.digest], allow: [...SCOPES, GRAPH].map(onDefault) },
  [SINGLE.id]: { key_sha256: [SINGLE.digest], allow: [onDefault(GRAPH)] },
  [BILLING.id]: { key_sha256: [BILLING.digest], allow: [{ credential: "billing", scope: LEDGER }] },
};
