// The Worker's module. The runtime calls it. `scripts/build.mjs` bundles it with the wasm and wasm-bindgen's glue.
//
// `docs/adr/0010-own-worker-module.md` says why this is not the module that worker-build generates.

import * as broker from "edge-token-broker";

/** @import { Answer } from "edge-token-broker" */

/** @typedef {{ BASE_PATH?: unknown }} Env The bindings. Nearly all are read in Rust. */

import { PendingRead } from "./kv.mjs";
import { OBJECT_MESSAGE_MAX, REQUEST_BODY_MAX } from "./limits.mjs";
import { OnwardRequest } from "./proxy.mjs";
import { awaitUnlessLost, currentMemory, enter, Inside, isCurrent, MEMORY_LOST, settled } from "./recovery.mjs";
import { bytesUpTo, isForApi, requestText } from "./request.mjs";
import { internalError } from "./response.mjs";
import { clientOf, internalErrorOf, NO_REQUEST, textOf } from "./rpc.mjs";

/**
 * Takes a request apart and hands it to the wasm, in one call. Its answer is nearly always a Response at once, else nearly
 * always one as soon as KV has been read. What it is in turn: answered · reads KV · waits · lost, once more · lost, 500.
 *
 * @param {Request} request
 * @param {string | undefined} contentType
 * @param {string | undefined} body
 * @param {Env} env
 * @param {ExecutionContext} context
 */
function handle(request, contentType, body, env, context) {
  const { method, url, headers } = request;
  const authorization = headers.get("authorization") ?? undefined;
  const clientRequestId = headers.get("client-request-id") ?? undefined;
  const requestId = headers.get("x-request-id") ?? undefined;
  const failed = () =>
    internalError(
      clientRequestId ?? requestId ?? "",
      crypto.randomUUID(),
      headers.get("origin") ?? undefined,
      url,
      env.BASE_PATH,
    );
  const begin = () =>
    guarded(
      () =>
        broker.fetch(method, url, authorization, clientRequestId, requestId, contentType, body, request, env, context),
      failed,
    );
  return followed(begin(), begin, failed);
}

/**
 * What the wasm makes of a call, or a 500.
 *
 * @template T, F
 * @param {() => T} call
 * @param {() => F} failed
 */
function guarded(call, failed) {
  try {
    return enter(call);
  } catch {
    return failed();
  }
}

/**
 * What an answer comes to. Where a panic loses it, `again` begins the request anew in the new memory.
 *
 * @template T
 * @param {Answer<T>} answer
 * @param {() => Answer<T>} again
 * @param {() => T} failed
 * @returns {T | Promise<T>}
 */
function followed(answer, again, failed) {
  if (answer instanceof PendingRead) return resumed(answer, currentMemory(), again, failed);
  if (answer instanceof OnwardRequest) return sentOn(answer, failed);
  return answer instanceof Promise ? waited(answer, again, failed) : answer;
}

/**
 * Sends a request on. Only what came over HTTP is: its answers are Responses.
 *
 * @template T
 * @param {OnwardRequest} onward
 * @param {() => T} failed
 * @returns {Promise<T>}
 */
function sentOn(onward, failed) {
  return /** @type {Promise<any>} */ (onward.answer(/** @type {() => any} */ (failed)));
}

/**
 * Waits for KV, and goes on with what it gave if the memory is still the same.
 *
 * @template T
 * @param {PendingRead<T>} read
 * @param {number} memory
 * @param {() => Answer<T>} again
 * @param {() => T} failed
 * @returns {Promise<T>}
 */
async function resumed(read, memory, again, failed) {
  const loaded = await read.loaded;
  if (!isCurrent(memory)) return followed(again(), again, failed);
  const answer = guarded(() => read.resume(loaded), failed);
  return answer instanceof Promise ? waited(answer, again, failed) : answer;
}

/**
 * Waits for the wasm. It promises nothing where the request has to begin anew, with a secret that has just been read. After a
 * second loss the answer is a 500, for it may be this request that makes the wasm panic.
 *
 * @template T
 * @param {Promise<T | OnwardRequest | undefined>} promise
 * @param {() => Answer<T>} again
 * @param {() => T} failed
 * @returns {Promise<T>}
 */
async function waited(promise, again, failed) {
  const answer = await awaitUnlessLost(promise);
  if (answer === undefined) return followed(again(), again, failed);
  if (answer instanceof OnwardRequest) return sentOn(answer, failed);
  return answer === MEMORY_LOST ? followed(again(), failed, failed) : answer;
}

/**
 * @param {Request} request
 * @param {Env} env
 * @param {ExecutionContext} context
 */
async function handlePost(request, env, context) {
  const contentType = request.headers.get("content-type") ?? undefined;
  return handle(request, contentType, await requestText(request, REQUEST_BODY_MAX), env, context);
}

/**
 * Hands a call by RPC to the wasm, as `handle` does with a request. Its answer is a result, or an error that is not thrown yet.
 *
 * @param {boolean} isRevocation
 * @param {unknown} argument
 * @param {unknown} env
 * @param {ExecutionContext} context
 */
async function answered(isRevocation, argument, env, context) {
  const text = textOf(argument);
  const client = clientOf(context);
  const failed = () => internalErrorOf(text, crypto.randomUUID());
  const begin = () => guarded(() => broker.call(isRevocation, text, client, NO_REQUEST, env, context), failed);
  const answer = await followed(begin(), begin, failed);
  if (answer instanceof Error) throw answer;
  return answer;
}

// A bound Worker may call each of these. The runtime hands over one argument of the caller, and the rest is its own.
export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {ExecutionContext} context
   */
  fetch(request, env, context) {
    if (request.method === "POST" && !isForApi(request.url, env.BASE_PATH)) return handlePost(request, env, context);
    return handle(request, undefined, undefined, env, context);
  },

  /**
   * A token, for the client in the `props` of the service binding.
   *
   * @param {unknown} argument
   * @param {unknown} env
   * @param {ExecutionContext} context
   */
  getToken(argument, env, context) {
    return answered(false, argument, env, context);
  },

  /**
   * Reports a token that an API has rejected.
   *
   * @param {unknown} argument
   * @param {unknown} env
   * @param {ExecutionContext} context
   */
  revoke(argument, env, context) {
    return answered(true, argument, env, context);
  },

  /**
   * @param {ScheduledController} controller
   * @param {unknown} env
   * @param {ExecutionContext} context
   */
  async scheduled(controller, env, context) {
    await settled(enter(() => broker.scheduled(controller, env, context)));
  },
};

/** One for each token. */
export class TokenCoordinator {
  #inside;

  /**
   * @param {DurableObjectState} state
   * @param {unknown} env
   */
  constructor(state, env) {
    this.#inside = new Inside(() => new broker.TokenCoordinator(state, env));
  }

  /** @param {Request} request A message of an isolate. */
  fetch(request) {
    return called(this.#inside, request);
  }

  /** A lost alarm has to fail. The runtime then tries it again, and starts no other alarm before it has ended. */
  async alarm() {
    await settled(this.#inside.enter((object) => object.alarm()));
  }
}

/** One for each client that uses client assertions. */
export class AssertionLedger {
  #inside;

  /**
   * @param {DurableObjectState} state
   * @param {unknown} env
   */
  constructor(state, env) {
    this.#inside = new Inside(() => new broker.AssertionLedger(state, env));
  }

  /** @param {Request} request A message of an isolate. */
  fetch(request) {
    return called(this.#inside, request);
  }
}

/**
 * Answers a message. Another Worker of the account can send one of any length.
 *
 * @param {Inside<broker.TokenCoordinator> | Inside<broker.AssertionLedger>} inside
 * @param {Request} request
 */
async function called(inside, request) {
  const message = await bytesUpTo(request.body, OBJECT_MESSAGE_MAX);
  if (message === undefined) return new Response(null, { status: 413 });
  return new Response(await inside.enter((object) => object.call(message)));
}
