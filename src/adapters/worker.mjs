// The Worker's module: what the runtime calls. `scripts/build.mjs` bundles it with the wasm and wasm-bindgen's glue.
//
// `docs/adr/0010-own-worker-module.md` says why this is not the module that worker-build generates.

import * as broker from "edge-token-broker";

import { isAboutAssertion, noteUse } from "./assertions.mjs";
import { requestText } from "./body.mjs";
import { Reading } from "./kv.mjs";
import { internalError } from "./response.mjs";

/** Of the `worker` crate. `criticalError`: its panic hook was called; `instanceId`: which memory of the wasm this is. */
const state = broker.__worker_init_state();

/** A panic leaves the wasm's memory as it was in the middle of something: the next event gets a new one. */
function recover() {
  if (!state.criticalError) return;
  console.log("Reinitializing Wasm application");
  broker.__wbg_reset_state();
  state.criticalError = false;
}

/** Handlers do not throw: whatever comes out of the wasm, it stopped in the middle of something. */
function note(error) {
  console.error("Critical", error);
  state.criticalError = true;
}

addEventListener("error", ({ error }) => error instanceof WebAssembly.RuntimeError && note(error));

/** Longer than a coordinator is waited for: who waits for one that is well never notices. */
const CHECK_MS = 5_200;

/** What `outlive` comes to when the memory in which somebody waits is gone. */
const LOST = Symbol("lost");

/**
 * Waits for what the wasm has promised. When it panics, in whatever event of the isolate, everybody who waits in its
 * memory would wait for ever, their timers included.
 */
async function outlive(promise) {
  const { instanceId } = state;
  for (;;) {
    let timer;
    const check = new Promise((resolve) => {
      timer = setTimeout(resolve, CHECK_MS, LOST);
    });
    const outcome = await Promise.race([promise, check]).finally(() => clearTimeout(timer));
    if (outcome !== LOST) return outcome;
    if (state.criticalError || state.instanceId !== instanceId) return LOST;
  }
}

/** As `REQUEST_BODY_MAX_BYTES` in limits.rs, which decides. */
const BODY_MAX = 16 * 1024;

/**
 * Takes a request apart and hands it to the wasm, in one call. Nearly always there is an answer at once; else nearly
 * always there is one once KV has been read.
 */
function handle(request, contentType, body, env, context) {
  const { method, url, headers } = request;
  const authorization = headers.get("authorization") ?? undefined;
  const clientRequestId = headers.get("client-request-id") ?? undefined;
  const requestId = headers.get("x-request-id") ?? undefined;
  const ask = (record, noRecord) => {
    recover();
    try {
      return broker.fetch(
        method,
        url,
        authorization,
        clientRequestId,
        requestId,
        contentType,
        body,
        request,
        env,
        context,
        record,
        noRecord,
      );
    } catch (error) {
      note(error);
      return failed();
    }
  };
  const failed = () => internalError(clientRequestId ?? requestId);
  const answer = ask();
  if (answer instanceof Reading) return read(answer, ask, failed);
  return answer instanceof Promise ? answered(answer, [ask, failed]) : answer;
}

/** Waits for KV, and asks once more with what it gave. */
async function read({ loaded }, ask, failed) {
  const outcome = await loaded;
  const again = () => (typeof outcome === "string" ? ask(undefined, outcome) : ask(outcome));
  const answer = again();
  return answer instanceof Promise ? answered(answer, [again, failed]) : answer;
}

/** Asks once more where the answer was lost; not again, for it may be this request that makes the wasm panic. */
async function answered(answer, attempts) {
  for (const again of attempts) {
    const outcome = await outlive(answer);
    if (outcome !== LOST) return outcome;
    answer = again();
  }
  return answer;
}

async function handlePost(request, env, context) {
  const contentType = request.headers.get("content-type") ?? undefined;
  return handle(request, contentType, await requestText(request, BODY_MAX), env, context);
}

/** What the wasm makes of an event that is no request. */
function entered(handler) {
  recover();
  try {
    return handler();
  } catch (error) {
    note(error);
    throw error;
  }
}

/** For what has no answer: the runtime notices, and tries again where that is of use. */
async function settled(promise) {
  if ((await outlive(promise)) === LOST) throw new Error("The wasm panicked.");
}

export default {
  fetch(request, env, context) {
    if (request.method === "POST") return handlePost(request, env, context);
    return handle(request, undefined, undefined, env, context);
  },

  async scheduled(controller, env, context) {
    await settled(entered(() => broker.scheduled(controller, env, context)));
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
    if (isAboutAssertion(request)) return noteUse(request, this.#parameters[0].storage);
    const message = await request.bytes();
    return new Response(await this.#current((object) => object.acquire(message)));
  }

  /** An alarm that is lost has to fail: the runtime tries it again, and starts no other before it has ended. */
  async alarm() {
    await settled(this.#current((object) => object.alarm()));
  }

  #current(handler) {
    return entered(() => {
      if (this.#instanceId !== state.instanceId) {
        this.#object = new broker.TokenCoordinator(...this.#parameters);
        this.#instanceId = state.instanceId;
      }
      return handler(this.#object);
    });
  }
}
