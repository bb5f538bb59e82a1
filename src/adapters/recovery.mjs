// A panic leaves the wasm's memory in an unknown state. The next event gets a new memory.

import * as broker from "edge-token-broker";

import { MEMORY_CHECK_MS } from "./limits.mjs";

/**
 * The state of the `worker` crate. `criticalError`: there was a panic. `instanceId`: the number of the wasm's memory.
 */
const state = broker.__worker_init_state();

/** The result of a wait if a panic has discarded the memory of the promise. */
export const MEMORY_LOST = Symbol("memory lost");

/** The number of the wasm's memory. */
export function currentMemory() {
  return state.instanceId;
}

/** Whether the wasm still has `memory`, and no panic has spoilt it. */
export function isCurrent(memory) {
  return !state.criticalError && state.instanceId === memory;
}

/** Calls the wasm, in a new memory if a panic has spoilt the old one. An exception marks the memory as spoilt. */
export function enter(handler) {
  recover();
  try {
    return handler();
  } catch (error) {
    markBroken(error);
    throw error;
  }
}

/** Handlers do not throw. After an exception the wasm has stopped at an unknown place. */
function markBroken(error) {
  console.error("Critical", error);
  state.criticalError = true;
}

function recover() {
  if (!state.criticalError) return;
  console.log("Reinitializing Wasm application");
  broker.__wbg_reset_state();
  state.criticalError = false;
}

addEventListener("error", ({ error }) => error instanceof WebAssembly.RuntimeError && markBroken(error));

/**
 * Waits for a promise of the wasm. After a panic in any event of the isolate, no promise of that memory settles, and no
 * timer of it fires.
 */
export async function awaitUnlessLost(promise) {
  const memory = state.instanceId;
  for (;;) {
    let timer;
    const check = new Promise((resolve) => {
      timer = setTimeout(resolve, MEMORY_CHECK_MS, MEMORY_LOST);
    });
    const outcome = await Promise.race([promise, check]).finally(() => clearTimeout(timer));
    if (outcome !== MEMORY_LOST) return outcome;
    if (!isCurrent(memory)) return MEMORY_LOST;
  }
}

/**
 * The same for an event without an answer. It fails, so that the runtime tries again if it does that for this event.
 */
export async function settled(promise) {
  if ((await awaitUnlessLost(promise)) === MEMORY_LOST) throw new Error("The wasm panicked.");
}
