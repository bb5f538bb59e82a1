// A panic leaves the wasm's memory in an unknown state. The next event gets a new memory.

import * as broker from "edge-token-broker";

import { MEMORY_CHECK_MS } from "./limits.mjs";

/** `criticalError`: the next event needs a new memory. `instanceId`: which memory the wasm has. */
const state = { criticalError: false, instanceId: 0 };

/** The result of a wait if a panic has discarded the memory of the promise. */
export const MEMORY_LOST = Symbol("memory lost");

/** The number of the wasm's memory. */
export function currentMemory() {
  return state.instanceId;
}

/**
 * Whether `memory` is the one that the wasm has, and good.
 *
 * @param {number} memory
 */
export function isCurrent(memory) {
  return !state.criticalError && state.instanceId === memory;
}

/**
 * Calls the wasm, in a new memory if a panic has spoilt the old one. What comes out of it as an exception is noted.
 *
 * @template R
 * @param {() => R} handler
 * @returns {R}
 */
export function enter(handler) {
  recover();
  try {
    return handler();
  } catch (error) {
    markBroken(error);
    throw error;
  }
}

/**
 * Called by the wasm's panic hook.
 *
 * @param {string} message
 */
export function panicked(message) {
  markBroken(new Error(`Rust panic: ${message}`));
}

/**
 * Handlers do not throw. After any exception the wasm has stopped in the middle of something.
 *
 * @param {unknown} error
 */
function markBroken(error) {
  console.error("Critical", error);
  state.criticalError = true;
}

function recover() {
  if (!state.criticalError) return;
  console.log("Reinitializing Wasm application");
  broker.__wbg_reset_state();
  state.criticalError = false;
  state.instanceId += 1;
}

addEventListener("error", ({ error }) => error instanceof WebAssembly.RuntimeError && markBroken(error));

/**
 * Waits for what the wasm has promised. When the wasm panics, in whatever event of the isolate, all requests that wait in
 * its memory would wait for ever, their timers included.
 *
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | typeof MEMORY_LOST>}
 */
export async function awaitUnlessLost(promise) {
  const memory = state.instanceId;
  for (;;) {
    /** @type {number | null} */
    let timer = null;
    /** @type {Promise<typeof MEMORY_LOST>} */
    const check = new Promise((resolve) => {
      timer = setTimeout(resolve, MEMORY_CHECK_MS, MEMORY_LOST);
    });
    const outcome = await Promise.race([promise, check]).finally(() => clearTimeout(timer));
    if (outcome !== MEMORY_LOST) return outcome;
    if (!isCurrent(memory)) return MEMORY_LOST;
  }
}

/**
 * The same for an event that has no answer: the runtime notices the failure, and tries again where that is of use.
 *
 * @param {Promise<unknown>} promise
 */
export async function settled(promise) {
  if ((await awaitUnlessLost(promise)) === MEMORY_LOST) throw new Error("The wasm panicked.");
}

/**
 * What the wasm keeps of a Durable Object. The object outlives the wasm's memory, so this is made anew with each memory.
 *
 * @template T
 */
export class Inside {
  #make;
  /** @type {T | undefined} */
  #object;
  /** @type {number | undefined} */
  #memory;

  /** @param {() => T} make */
  constructor(make) {
    this.#make = make;
  }

  /**
   * @template R
   * @param {(object: T) => R} handler
   */
  enter(handler) {
    return enter(() => {
      if (this.#object === undefined || this.#memory !== currentMemory()) {
        this.#object = this.#make();
        this.#memory = currentMemory();
      }
      return handler(this.#object);
    });
  }
}
