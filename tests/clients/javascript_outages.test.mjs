// What the user of each JavaScript library sees while Entra throttles or is down, and for how long a call takes then.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { LIBRARIES, assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/javascript.mjs";

/** The longest that a call takes: `DefaultAzureCredential` asks six times, with 2 s between. The rest is the load. */
const LONGEST_MS = 10_000 + 5_000;

let world;
before(async () => (world = await openWorld({ tls: localCa().pair })));
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

for (const [title, situation, behaviour] of [
  ["Entra throttles", "Entra throttles", { throttle: { retryAfter: 30 } }],
  ["Entra is down", "Entra is down", { reset: true }],
]) {
  describe(title, { concurrency: true }, () => {
    before(() => world.authority.always(behaviour));
    after(() => world.authority.always(null));

    for (const library of LIBRARIES) {
      test(library.row, async () => {
        const program = await startLibrary(world, library, { scope: world.newScope() });
        const outcome = await program.call();
        assertShown(world, library.row, situation, outcome);
        assert.ok(outcome.tookMs < LONGEST_MS, `${outcome.tookMs} ms`);
      });
    }
  });
}
