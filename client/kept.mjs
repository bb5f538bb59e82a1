// The token that `brokerFetch` uses, until the broker has a newer one.

import { asJson, requestedClaims } from "./claims.mjs";
import { now } from "./clock.mjs";
import { BrokerError, passes } from "./error.mjs";
import { ASK_AGAIN_MS, SERVE_FLOOR_MS } from "./limits.mjs";
import { Tokens } from "./tokens.mjs";

/** @import { AccessToken, BrokerFetchOptions } from "./index.d.ts" */

export class KeptToken {
  #tokens;
  #wanted;
  #capability;
  /** @type {AccessToken | undefined} */
  #held;

  /** @param {BrokerFetchOptions} options */
  constructor({ scope, credential, enableCae, ...options }) {
    this.#tokens = new Tokens(options);
    this.#wanted = { scope: Array.isArray(scope) ? scope.join(" ") : scope, credential };
    this.#capability = requestedClaims({ enableCae });
  }

  /**
   * A token that is good as far as anybody knows.
   * @param {AbortSignal | undefined} signal
   */
  async current(signal) {
    const held = this.#held;
    if (held && now() < held.refreshAfterTimestamp) return held.token;
    const isGood = held !== undefined && now() < held.expiresOnTimestamp - SERVE_FLOOR_MS;
    try {
      // Nobody waits as long as there is a token.
      return await this.#ask(signal, isGood ? 0 : undefined);
    } catch (error) {
      if (!isGood || !passes(error)) throw error;
      const wait = error.retryAfter === undefined ? ASK_AGAIN_MS : error.retryAfter * 1000;
      if (this.#held === held) this.#held = { ...held, refreshAfterTimestamp: now() + wait };
      return held.token;
    }
  }

  /**
   * Hands back a token that an API has rejected. Resolves to whether there is another one.
   * @param {string} rejected
   * @param {string | undefined} challenge The `claims` of the API.
   * @param {AbortSignal | undefined} signal
   */
  async replace(rejected, challenge, signal) {
    if (this.#held && this.#held.token !== rejected) return true;
    this.#held = undefined;
    const claims = challenge === undefined ? undefined : asJson(challenge);
    try {
      await this.#tokens.revoke({ token: rejected, claims, ...this.#wanted }, { signal });
      return (await this.#ask(signal)) !== rejected;
    } catch (error) {
      // The caller gets what the API has answered.
      if (error instanceof BrokerError) return false;
      throw error;
    }
  }

  /**
   * @param {AbortSignal | undefined} signal
   * @param {number} [maxRetries]
   */
  async #ask(signal, maxRetries) {
    const asked = { ...this.#wanted, claims: this.#capability };
    this.#held = await this.#tokens.get(asked, { signal, maxRetries });
    return this.#held.token;
  }
}
