// Tokens of the broker in the form of the Azure SDKs.

import { Broker } from "./broker.mjs";
import { refreshAfter } from "./lifetime.mjs";
import { Shared } from "./shared.mjs";

/** @import { Asked, Manner } from "./broker.mjs" */
/** @import { AccessToken, BrokerOptions } from "./index.d.ts" */

export class Tokens {
  #broker;
  /** @type {Shared<AccessToken>} */
  #shared = new Shared();

  /** @param {BrokerOptions} options */
  constructor(options) {
    this.#broker = new Broker(options);
  }

  /**
   * @param {Asked} asked
   * @param {Manner & { generation?: number }} manner Calls of different generations share no request.
   * @returns {Promise<AccessToken>}
   */
  get({ scope, credential, claims }, { signal, timeoutMs, maxRetries, generation }) {
    const name = JSON.stringify([scope, credential, claims, timeoutMs, maxRetries, generation]);
    return this.#shared.run(
      name,
      (signal) => this.#ask({ scope, credential, claims }, { signal, timeoutMs, maxRetries }),
      signal,
    );
  }

  /**
   * @param {Asked & { token: string }} reported
   * @param {Manner} manner
   */
  revoke(reported, manner) {
    return this.#broker.revoke(reported, manner);
  }

  /**
   * @param {Asked} asked
   * @param {Manner} manner
   * @returns {Promise<AccessToken>}
   */
  async #ask(asked, manner) {
    const { token, expiresIn, askedAt } = await this.#broker.token(asked, manner);
    return {
      token,
      expiresOnTimestamp: askedAt + expiresIn * 1000,
      refreshAfterTimestamp: askedAt + refreshAfter(expiresIn) * 1000,
      tokenType: "Bearer",
    };
  }
}
