// Waits for a condition that has no event.

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Resolves with the first truthy value of `condition`.
 * @template T
 * @param {() => T} condition
 */
export async function until(condition, deadlineMs = 5_000) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = condition();
    if (value) return value;
    assert.ok(Date.now() < deadline, `never: ${condition}`);
    await delay(5);
  }
}
