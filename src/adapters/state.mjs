// Whether the wasm's memory is still good.

/** `criticalError`: the next event needs a new memory; `instanceId`: which one it is. */
export const state = { criticalError: false, instanceId: 0 };

/** Called by the wasm's panic hook. */
export function panicked(message) {
  console.error("Critical", new Error(`Rust panic: ${message}`));
  state.criticalError = true;
}
