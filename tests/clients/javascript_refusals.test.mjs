// What the user of each JavaScript library sees of a refusal is what docs/callers.md says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { GRAPH } from "../workerd/harness/fixtures.mjs";
import { CLOCK } from "../workerd/harness/fronts.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { withWorld } from "../workerd/harness/world.mjs";
import { LIBRARIES, library } from "./harness/javascript.mjs";
import { requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/libraries.mjs";
import { testRefusals } from "./harness/situations.mjs";

testRefusals(LIBRARIES);

test("MSAL repeats for a minute that Entra refuses the broker's credential, and asks again then", () =>
  withWorld({ tls: localCa().pair, ...CLOCK }, async (world) => {
    const requests = async () => (await requestsFor(world, GRAPH, "token_endpoint")).length;
    const program = await startLibrary(world, library("js-msal-node-authority"));
    const refused = async () => assert.match((await program.call()).error.text, /refused the broker's own credential/);
    try {
      world.authority.next({ refuse: 7000222 });
      await refused();
      await refused();
      assert.equal(await requests(), 1);
      program.setClock(61_000);
      await world.fetch("/clock?ahead=61000");
      tokenOf(world, await program.call());
    } finally {
      await stopLibraries(world);
    }
  }));
