// The tokens of the careful proxy: the careful token server's, ready for the `Authorization` of an API.

/** @import { Held, Isolate, KeyedGrant } from "./careful_isolate.mjs" */

const SERVE_FLOOR_MS = 60_000;
const RENEW_AHEAD_MS = 900_000;

/** @type {WeakMap<Held, string>} */
const bearers = new WeakMap();

export class Tokens {
  #isolate;

  /** @param {Isolate} isolate */
  constructor(isolate) {
    this.#isolate = isolate;
  }

  /**
   * From isolate memory. One that is due is renewed after the answer.
   * @param {KeyedGrant} grant
   * @param {ExecutionContext} context
   */
  recall(grant, context) {
    const held = this.#isolate.recall(grant.key);
    const left = held ? held.expiresAt - Date.now() : 0;
    if (!held || left <= SERVE_FLOOR_MS) return undefined;
    if (left < RENEW_AHEAD_MS && !held.renewing) {
      held.renewing = true;
      context.waitUntil(this.renewed(grant));
    }
    return held;
  }

  /**
   * From KV, else from the authorization server.
   * @param {KeyedGrant} grant
   * @param {ExecutionContext} context
   */
  async fetched(grant, context) {
    const stored = await this.#isolate.load(grant);
    if (stored && stored.expiresAt - Date.now() > SERVE_FLOOR_MS) return stored;
    const held = await this.#isolate.ask(grant);
    context.waitUntil(this.#isolate.store(grant, held));
    return held;
  }

  /** @param {KeyedGrant} grant */
  async renewed(grant) {
    const held = await this.#isolate.ask(grant);
    await this.#isolate.store(grant, held);
    return held;
  }

  /**
   * The value of the header. It is made once for each token.
   * @param {Held} held
   */
  bearer(held) {
    let value = bearers.get(held);
    if (value === undefined) bearers.set(held, (value = `Bearer ${JSON.parse(held.quoted)}`));
    return value;
  }
}
