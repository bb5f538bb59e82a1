// The Worker's module. The runtime calls it. `scripts/build.mjs` bundles it with the wasm and wasm-bindgen's glue.
//
// `docs/adr/0010-own-worker-module.md` says why this is not the module that worker-build generates.

import * as broker from "edge-token-broker";

import { PendingRead } from "./kv.mjs";
import { REQUEST_BODY_MAX } from "./limits.mjs";
import { awaitUnlessLost, currentMemory, enter, isCurrent, MEMORY_LOST, settled } from "./recovery.mjs";
import { requestText } from "./request.mjs";
import { internalError } from "./response.mjs";

/**
 * Takes a request apart and hands it to the wasm in one call. The answer is nearly always a Response at once; of the
 * rest, nearly always a read of KV and then a Response. If a panic loses the memory, the request starts again, once.
 */
function handle(request, contentType, body, env, context) {
  const { method, url, headers } = request;
  const authorization = headers.get("authorization") ?? undefined;
  const clientRequestId = headers.get("client-request-id") ?? undefined;
  const requestId = headers.get("x-request-id") ?? undefined;
  const failed = () => internalError(clientRequestId ?? requestId ?? "", crypto.randomUUID());
  const begin = () =>
    guarded(
      () =>
        broker.fetch(method, url, authorization, clientRequestId, requestId, contentType, body, request, env, context),
      failed,
    );
  return followed(begin(), begin, failed);
}

/** The result of a call into the wasm, or a 500. */
function guarded(call, failed) {
  try {
    return enter(call);
  } catch {
    return failed();
  }
}

/** The response of an answer. If a panic loses the answer, `again` starts the request again in the new memory. */
function followed(answer, again, failed) {
  if (answer instanceof PendingRead) return resumed(answer, currentMemory(), again, failed);
  return answer instanceof Promise ? waited(answer, again, failed) : answer;
}

/** Waits for KV, and resumes the exchange if the memory is still the same. */
async function resumed(read, memory, again, failed) {
  const loaded = await read.loaded;
  if (!isCurrent(memory)) return followed(again(), failed, failed);
  const answer = guarded(() => read.resume(loaded), failed);
  return answer instanceof Promise ? waited(answer, again, failed) : answer;
}

/** Waits for the wasm. After a second loss the response is a 500: this request may be the reason of the panic. */
async function waited(promise, again, failed) {
  const answer = await awaitUnlessLost(promise);
  return answer === MEMORY_LOST ? followed(again(), failed, failed) : answer;
}

async function handlePost(request, env, context) {
  const contentType = request.headers.get("content-type") ?? undefined;
  return handle(request, contentType, await requestText(request, REQUEST_BODY_MAX), env, context);
}

export default {
  fetch(request, env, context) {
    if (request.method === "POST") return handlePost(request, env, context);
    return handle(request, undefined, undefined, env, context);
  },

  async scheduled(controller, env, context) {
    await settled(enter(() => broker.scheduled(controller, env, context)));
  },
};

/**
 * A Durable Object with its inside in the wasm. It outlives the wasm's memory, so each memory gets an inside of its
 * own.
 */
class DurableObject {
  #make;
  #inside;
  #memory;

  constructor(make) {
    this.#make = make;
  }

  /** Answers a message of the wasm in an isolate. */
  async fetch(request) {
    const message = await request.bytes();
    return new Response(await this.inside((object) => object.call(message)));
  }

  inside(handler) {
    return enter(() => {
      if (this.#memory !== currentMemory()) {
        this.#inside = this.#make();
        this.#memory = currentMemory();
      }
      return handler(this.#inside);
    });
  }
}

/** There is one for each token key. */
export class TokenCoordinator extends DurableObject {
  constructor(state, env) {
    super(() => new broker.TokenCoordinator(state, env));
  }

  /** A lost alarm has to fail. The runtime then tries it again, and starts no other alarm before it has ended. */
  async alarm() {
    await settled(this.inside((object) => object.alarm()));
  }
}

/** There is one for each client that uses client assertions. */
export class AssertionLedger extends DurableObject {
  constructor(state) {
    super(() => new broker.AssertionLedger(state));
  }
}
