// The token that `brokerFetch` uses, until the broker has a newer one.

import { asJson, requestedClaims } from "./claims.mjs";
import { pause } from "./clock.mjs";
import { BrokerError, isRefusal } from "./error.mjs";
import { Hand } from "./hand.mjs";
import { RENEW_TIMEOUT_MS, REPORT_POLL_MS, TIMEOUT_MS } from "./limits.mjs";
import { Shared } from "./shared.mjs";
import { Tokens } from "./tokens.mjs";

/** @import { Manner } from "./broker.mjs" */
/** @import { AbortSignalLike, BrokerFetchOptions } from "./index.d.ts" */

export class KeptToken {
  #tokens;
  #wanted;
  #capability;
  #renewal;
  #hand = new Hand();
  /** @type {Shared<boolean>} */
  #replacements = new Shared();

  /** @param {BrokerFetchOptions} options */
  constructor({ scope, credential, enableCae, ...options }) {
    this.#tokens = new Tokens(options);
    this.#wanted = { scope: Array.isArray(scope) ? scope.join(" ") : scope, credential };
    this.#capability = requestedClaims({ enableCae });
    this.#renewal = { maxRetries: 0, timeoutMs: Math.min(RENEW_TIMEOUT_MS, options.timeoutMs ?? TIMEOUT_MS) };
  }

  /**
   * A token that is good as far as anybody knows.
   * @param {AbortSignal | undefined} signal
   */
  async current(signal) {
    const hand = this.#hand;
    if (hand.fresh !== undefined) return hand.fresh;
    const held = hand.good;
    if (held === undefined) return this.#ask({ signal });
    // One call renews it, and for a short time. The others do not wait.
    hand.defer(held);
    try {
      return await this.#ask({ signal, ...this.#renewal });
    } catch (error) {
      const isOutage = error instanceof BrokerError && !isRefusal(error);
      hand.defer(held, isOutage ? waitOf(error) : 0);
      if (!isOutage) throw error;
      return held;
    }
  }

  /**
   * Hands back a token that an API has rejected, once for all calls that have it. Resolves to whether there is another one.
   * @param {string} rejected
   * @param {string | undefined} challenge The `claims` of the API.
   * @param {AbortSignal | undefined} signal
   */
  async replace(rejected, challenge, signal) {
    if (this.#hand.hasOtherThan(rejected)) return true;
    const claims = challenge === undefined ? undefined : asJson(challenge);
    try {
      return await this.#replacements.run(rejected, (signal) => this.#another(rejected, claims, signal), signal);
    } catch (error) {
      // The caller gets what the API has answered.
      if (error instanceof BrokerError) return false;
      throw error;
    }
  }

  /**
   * @param {string} rejected
   * @param {string | undefined} claims
   * @param {AbortSignalLike | undefined} signal
   * @returns {Promise<boolean>}
   */
  async #another(rejected, claims, signal) {
    const hand = this.#hand;
    const report = hand.reject(rejected);
    if (!report) {
      // In Workers the report of another request cannot be awaited.
      while (hand.reportOf(rejected) === "under way") await pause(REPORT_POLL_MS, signal);
      if (hand.hasOtherThan(rejected)) return true;
      if (hand.reportOf(rejected) === "left") return this.#another(rejected, claims, signal);
      return (await this.#ask({ signal })) !== rejected;
    }
    try {
      await this.#tokens.revoke({ token: rejected, claims, ...this.#wanted }, { signal });
      hand.generation += 1;
      const token = await this.#ask({ signal });
      report.state = "done";
      return token !== rejected;
    } catch (error) {
      report.state = error instanceof BrokerError ? "failed" : "left";
      throw error;
    }
  }

  /** @param {Manner} manner */
  async #ask(manner) {
    const { generation } = this.#hand;
    const asked = { ...this.#wanted, claims: this.#capability };
    const answer = await this.#tokens.get(asked, { ...manner, generation });
    this.#hand.keep(answer, generation);
    return answer.token;
  }
}

/** @param {BrokerError} error */
const waitOf = ({ retryAfter }) => (retryAfter === undefined ? undefined : retryAfter * 1000);
