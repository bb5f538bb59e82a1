// The Worker's module: what the runtime calls. `scripts/build.mjs` bundles it with the wasm and wasm-bindgen's glue.
//
// Handlers are plain functions, and nothing else is exported. `docs/adr/0010-own-worker-module.md` says why this is not
// the module that worker-build generates.

import * as broker from "edge-token-broker";

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

export default {
  fetch(request, env, context) {
    recover();
    try {
      return broker.fetch(request, env, context);
    } catch (error) {
      note(error);
      return new Response(null, { status: 500 });
    }
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

  fetch(request) {
    return this.#handle((object) => object.fetch(request));
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
