// `BrokerCredential`: a `TokenCredential` as @azure/core-auth has it.

import { requestedClaims } from "./claims.mjs";
import { TIMER_MAX_MS } from "./limits.mjs";
import { Tokens } from "./tokens.mjs";

/** @import { AccessToken, BrokerCredentialOptions, GetTokenOptions } from "./index.d.ts" */

export class BrokerCredential {
  #tokens;
  #credential;

  /** @param {BrokerCredentialOptions} options */
  constructor(options) {
    this.#tokens = new Tokens(options);
    this.#credential = options.credential;
  }

  /**
   * @param {string | string[]} scopes
   * @param {GetTokenOptions} options
   * @returns {Promise<AccessToken>}
   */
  async getToken(scopes, options = {}) {
    const { abortSignal: signal, tenantId, requestOptions } = options;
    const scope = Array.isArray(scopes) ? scopes.join(" ") : scopes;
    const asked = { scope, credential: this.#credential ?? tenantId, claims: requestedClaims(options) };
    return this.#tokens.get(asked, { signal, timeoutMs: timeoutOf(requestOptions?.timeout) });
  }
}

/**
 * Without a timeout the SDKs say 0.
 * @param {number | undefined} timeout
 */
function timeoutOf(timeout) {
  if (timeout === undefined || timeout === 0) return undefined;
  // A longer timer would end at once.
  if (typeof timeout === "number" && timeout > 0) return Math.min(timeout, TIMER_MAX_MS);
  throw new TypeError("requestOptions.timeout must be a number, and not negative");
}
