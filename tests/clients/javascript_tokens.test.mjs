// Every JavaScript library of docs/callers.md, as the page has it: its first token, its cache and the broker's, renewal, and
// an outage with a token in hand. The broker's clock and the libraries' go ahead together, so nobody sleeps.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { CLOCK } from "../workerd/harness/fronts.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { openWorld } from "../workerd/harness/world.mjs";
import { LIBRARIES, requestsFor, startLibrary, stopLibraries, tokenOf } from "./harness/javascript.mjs";

const LIFETIME_SECS = 3599;

/** Library → its program, its scope, and the token that it has. */
const inUse = new Map();
let world;
before(async () => (world = await openWorld({ tls: localCa().pair, main: CLOCK })));
after(async () => {
  await stopLibraries(world);
  await world?.close();
});

/** A test of each library, side by side. */
function each(title, body, prepare = () => {}) {
  describe(title, { concurrency: true }, () => {
    before(prepare);
    for (const library of LIBRARIES) test(library.row, () => body(library, inUse.get(library)));
  });
}

/** Every clock is where the first tokens have that many seconds left. */
async function left(seconds, since = 0) {
  const ahead = (since + LIFETIME_SECS - seconds) * 1000;
  await world.fetch(`/clock?ahead=${ahead}`);
  for (const { program } of inUse.values()) program.setClock(ahead);
}

each("the first token comes from upstream; a library that keeps tokens asks once", async (library) => {
  const scope = world.newScope();
  const program = await startLibrary(world, library, { scope });
  const token = tokenOf(world, await program.call());
  assert.equal(tokenOf(world, await program.call()), token);
  assert.equal(world.upstreamFor(scope).length, 1);
  assert.equal((await requestsFor(world, scope, library.route)).length, library.keeps ? 1 : 2);
  inUse.set(library, { scope, program, token });
});

each("another process gets the token that the broker has", async (library, { scope, token }) => {
  const another = await startLibrary(world, library, { scope });
  assert.equal(tokenOf(world, await another.call()), token);
  assert.equal(world.upstreamFor(scope).length, 1);
});

each(
  "six minutes before its end a library still has the token that it keeps",
  async (library, { scope, program, token }) => {
    if (!library.keeps) return;
    assert.equal(tokenOf(world, await program.call()), token);
    assert.equal(world.upstreamFor(scope).length, 1);
  },
  () => left(330),
);

each(
  "five minutes before its end the broker has a newer one, which the library keeps",
  async (library, own) => {
    const { scope, program, token } = own;
    const renewed = async () => tokenOf(world, await program.call());
    const newer = library.keeps ? await renewed() : await until(renewed, (got) => got !== token);
    assert.notEqual(newer, token);
    const asked = (await requestsFor(world, scope, library.route)).length;
    assert.equal(await renewed(), newer);
    assert.equal(world.upstreamFor(scope).length, 2);
    assert.equal((await requestsFor(world, scope, library.route)).length, asked + (library.keeps ? 0 : 1));
    own.token = newer;
  },
  () => left(290),
);

each(
  "while the authorization server is down, the library gets the token that is still good",
  async (library, { program, token }) => {
    const outcome = await program.call();
    assert.equal(tokenOf(world, outcome), token);
  },
  async () => {
    world.authority.always({ reset: true });
    await left(200, LIFETIME_SECS - 290);
  },
);

/** The first result of `body` that `is` it: a renewal behind a response takes a moment. */
async function until(body, is) {
  for (let tries = 0; tries < 50; tries += 1) {
    const result = await body();
    if (is(result)) return result;
  }
  return assert.fail("it never came");
}
