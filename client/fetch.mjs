// `brokerFetch`: `fetch` with the token.

import { Call } from "./call.mjs";
import { claimsOf } from "./challenge.mjs";
import { pause } from "./clock.mjs";
import { KeptToken } from "./kept.mjs";
import { Patience, retriesOf, retryAfterOf } from "./retry.mjs";
import { discard, send } from "./send.mjs";
import { throwIfAborted } from "./signals.mjs";

/** @import { BrokerFetchOptions } from "./index.d.ts" */

/**
 * @param {BrokerFetchOptions} options
 * @returns {typeof globalThis.fetch}
 */
export function brokerFetch(options) {
  const token = new KeptToken(options);
  const retries = retriesOf(options);
  return async (input, init) => {
    const fetch = options.fetch ?? globalThis.fetch;
    const call = new Call(input, init);
    if (call.isAuthorized) return fetch(input, init);
    if (!call.isConfidential)
      throw new TypeError("a token is only sent to an https URL (http for loopback hosts only): others could read it");
    throwIfAborted(call.signal);
    return answer(call, { token, fetch, patience: new Patience(retries) });
  };
}

/**
 * @param {Call} call
 * @param {{ token: KeptToken, fetch: typeof globalThis.fetch, patience: Patience }} parts
 */
async function answer(call, { token, fetch, patience }) {
  for (let isReported = false; ;) {
    const sent = await token.current(call.signal);
    const { response, hadToken } = await send(call, sent, fetch);
    if (response.status === 401 && hadToken && !isReported) {
      isReported = true;
      const claims = claimsOf(response.headers.get("www-authenticate"));
      const isReplaced = await token.replace(sent, claims, call.signal);
      if (!isReplaced || !call.canRepeat) return response;
      discard(response);
      continue;
    }
    const ms = isBusy(response) && call.canRepeat ? patience.next(retryAfterOf(response.headers)) : undefined;
    if (ms === undefined) return response;
    discard(response);
    await pause(ms, call.signal);
  }
}

/** @param {Response} response */
const isBusy = ({ status }) => status === 429 || status === 503;
