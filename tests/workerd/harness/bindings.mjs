// The bindings of a broker under test.

import { BILLING_APP, CLIENTS, DEFAULT_APP } from "./fixtures.mjs";

/**
 * The bindings without those that are `undefined`.
 * @template T
 * @param {Record<string, T | undefined>} values
 * @returns {Record<string, T>}
 */
export function defined(values) {
  const present = /** @type {[string, T][]} */ (Object.entries(values).filter(([, value]) => value !== undefined));
  return Object.fromEntries(present);
}

/**
 * The bindings of every broker of the tests, and `overrides`.
 * @param {string} authorityUrl
 * @param {Record<string, unknown>} overrides
 */
export function standardBindings(authorityUrl, overrides) {
  return defined({
    AZ_TENANT: DEFAULT_APP.tenant,
    AZ_CLIENT_ID: DEFAULT_APP.clientId,
    AZ_CLIENT_SECRET: DEFAULT_APP.secrets[0],
    AZ_AUTHORITY_HOST: authorityUrl,
    CREDENTIALS: {
      billing: {
        tenant: BILLING_APP.tenant,
        client_id: BILLING_APP.clientId,
        client_secret: "BILLING_SECRET",
        authority_host: authorityUrl,
      },
    },
    BILLING_SECRET: BILLING_APP.secrets[0],
    CLIENTS,
    ...overrides,
  });
}
