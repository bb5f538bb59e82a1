// What the user of each JavaScript library sees of a refusal is what the table of docs/callers.md says, and comes soon.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DEFAULT_APP, newClient } from "../workerd/harness/fixtures.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { LIBRARIES, assertShown, startLibrary, stopLibraries, tokenOf } from "./harness/javascript.mjs";

/** In which a refusal is told, by a machine under load. */
const SOON_MS = 5_000;
/** `@azure/identity` asks an authority four times about a 502, with at most 1, 2 and 4 s between. */
const RETRIED_MS = 7_000 + SOON_MS;

let world;
before(async () => (world = await openWorld({ tls: localCa().pair })));
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

/** A test of each library, side by side. */
function each(title, body) {
  describe(title, { concurrency: true }, () => {
    for (const library of LIBRARIES) test(library.row, () => body(library));
  });
}

each("a wrong client key", async (library) => {
  const { key } = newClient("reports");
  const program = await startLibrary(world, library, { scope: world.newScope(), key });
  const outcome = await program.call();
  assertShown(world, library.row, "Wrong client key", outcome);
  assert.ok(outcome.tookMs < SOON_MS, `${outcome.tookMs} ms`);
});

each("a scope that is not granted", async (library) => {
  const program = await startLibrary(world, library, { scope: "https://payroll.example/.default" });
  const outcome = await program.call();
  assertShown(world, library.row, "Scope not granted", outcome);
  assert.ok(outcome.tookMs < SOON_MS, `${outcome.tookMs} ms`);
});

describe("the application's secret is revoked", () => {
  const inHand = new Map();
  before(async () => {
    await Promise.all(
      LIBRARIES.map(async (library) => {
        const program = await startLibrary(world, library, { scope: world.newScope() });
        inHand.set(library, { program, token: tokenOf(world, await program.call()) });
      }),
    );
    for (const app of world.authority.apps) if (app.clientId === DEFAULT_APP.clientId) app.secrets = [];
  });

  each("a token in hand is served on", async (library) => {
    const { program, token } = inHand.get(library);
    assert.equal(tokenOf(world, await program.call()), token);
  });

  each("a token that nobody has is refused", async (library) => {
    const program = await startLibrary(world, library, { scope: world.newScope() });
    const outcome = await program.call();
    assertShown(world, library.row, "Entra refuses the broker's credential", outcome);
    const retried = library.row === "`@azure/identity`, authority";
    assert.ok(outcome.tookMs < (retried ? RETRIED_MS : SOON_MS), `${outcome.tookMs} ms`);
  });
});
