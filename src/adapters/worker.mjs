// The Worker's module: what the runtime calls. `scripts/build.mjs` bundles it with the wasm and wasm-bindgen's glue.
//
// `docs/adr/0010-own-worker-module.md` says why this is not the module that worker-build generates.

import * as broker from "edge-token-broker";

import { requestText } from "./body.mjs";

/** Shared with the `worker` crate's panic hook. */
const state = broker.__worker_init_state();

/** A panic leaves the wasm's memory as it was in the middle of something: the next event gets a new one. */
function recover() {
  if (!state.criticalError) return;
  console.log("Reinitializing Wasm application");
  broker.__wbg_reset_state();
  state.criticalError = false;
  state.instanceId += 1;
}

/** Not every trap is a panic: the stack or the memory may have run out. */
function note(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    console.error("Critical", error);
    state.criticalError = true;
  }
}

addEventListener("error", ({ error }) => note(error));

/** As `REQUEST_BODY_MAX_BYTES` in limits.rs, which decides. */
const BODY_MAX = 16 * 1024;

/** Takes a request apart and hands it to the wasm, in one call. Nearly always there is an answer at once. */
function handle({ method, url, headers }, contentType, body, env, context) {
  const authorization = headers.get("authorization") ?? undefined;
  const clientRequestId = headers.get("client-request-id") ?? undefined;
  const requestId = headers.get("x-request-id") ?? undefined;
  const ask = () =>
    broker.fetch(method, url, authorization, clientRequestId, requestId, contentType, body, env, context);
  recover();
  try {
    const answer = ask();
    return answer instanceof Promise ? answered(answer, ask) : answer;
  } catch (error) {
    note(error);
    return new Response(null, { status: 500 });
  }
}

/** Longer than a coordinator is waited for: who waits for one that is well never notices. */
const CHECK_MS = 5_200;

/**
 * Waits for an answer. When the wasm panics, in whatever request of the isolate, everybody who waits in its memory waits
 * for ever; they ask once more, in the new memory.
 */
async function answered(answer, ask) {
  const { instanceId } = state;
  for (;;) {
    let timer;
    const check = new Promise((resolve) => (timer = setTimeout(resolve, CHECK_MS)));
    const response = await Promise.race([answer, check]);
    clearTimeout(timer);
    if (response !== undefined) return response;
    recover();
    if (state.instanceId !== instanceId) return ask();
  }
}

async function handlePost(request, env, context) {
  const contentType = request.headers.get("content-type") ?? undefined;
  return handle(request, contentType, await requestText(request, BODY_MAX), env, context);
}

export default {
  fetch(request, env, context) {
    if (request.method === "POST") return handlePost(request, env, context);
    return handle(request, undefined, undefined, env, context);
  },

  scheduled(controller, env, context) {
    recover();
    return broker.scheduled(controller, env, context);
  },
};

/** The Durable Object. It outlives the wasm's memory, so it is made anew with it. */
export class TokenCoordinator {
  #parameters;
  #object;
  #instanceId;

  constructor(...parameters) {
    this.#parameters = parameters;
  }

  async fetch(request) {
    const message = await request.bytes();
    return new Response(await this.#handle((object) => object.acquire(message)));
  }

  alarm() {
    return this.#handle((object) => object.alarm());
  }

  #handle(handler) {
    recover();
    try {
      return handler(this.#current());
    } catch (error) {
      note(error);
      throw error;
    }
  }

  #current() {
    if (this.#instanceId !== state.instanceId) {
      this.#object = new broker.TokenCoordinator(...this.#parameters);
      this.#instanceId = state.instanceId;
    }
    return this.#object;
  }
}
