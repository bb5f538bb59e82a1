// What every client library goes through, whatever its language: tokens, refusals, outages. Each is a test file of its own.

/** @import { Library, Outcome, Program } from "./libraries.mjs" */

import assert from "node:assert/strict";
import { before, describe } from "node:test";

import { DEFAULT_APP, newClient } from "../../workerd/harness/fixtures.mjs";
import { CLOCK } from "../../workerd/harness/fronts.mjs";
import { assertShown, requestsFor, tokenOf } from "./libraries.mjs";
import { Stage } from "./stage.mjs";

/** @typedef {{ skip?: string | undefined }} Options Why there are no such libraries on this machine. */

const LIFETIME_SECS = 3599;
/** In which a refusal is told, on a machine under load. */
const SOON_MS = 5_000;

/**
 * First token, caches, renewal, and an outage with a token in hand. The broker's clock and the libraries' go ahead
 * together, so nobody sleeps.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function tokens(libraries, options = {}) {
  const stage = new Stage(libraries, { main: CLOCK, ...options });
  /** @type {Map<Library, { program: Program, scope: string, token: string }>} */
  const inUse = new Map();

  /** Every clock is where the first tokens have that many seconds left. */
  const left = async (/** @type {number} */ seconds, since = 0) => {
    const ahead = (since + LIFETIME_SECS - seconds) * 1000;
    await stage.world.fetch(`/clock?ahead=${ahead}`);
    for (const { program } of inUse.values()) program.setClock(ahead);
  };
  /** @type {(title: string, body: (library: Library, own: { program: Program, scope: string, token: string }) => any, prepare?: () => any) => void} */
  const each = (title, body, prepare) =>
    stage.each(title, (library) => body(library, /** @type {any} */ (inUse.get(library))), prepare);

  each("the first token comes from upstream; a library that keeps tokens asks once", async (library) => {
    const { world } = stage;
    const scope = world.newScope();
    const program = await stage.start(library, { scope });
    const token = tokenOf(world, await program.call());
    assert.equal(tokenOf(world, await program.call()), token);
    assert.equal(world.upstreamFor(scope).length, 1);
    assert.equal((await requestsFor(world, scope, library.route)).length, library.keepsUntil ? 1 : 2);
    inUse.set(library, { scope, program, token });
  });

  each("another process gets the token that the broker has", async (library, { scope, token }) => {
    const another = await stage.start(library, { scope });
    assert.equal(tokenOf(stage.world, await another.call()), token);
    assert.equal(stage.world.upstreamFor(scope).length, 1);
  });

  each(
    "shortly before its time a library still has the token that it keeps",
    async ({ keepsUntil }, { scope, program, token }) => {
      if (keepsUntil === 0) return;
      assert.equal(tokenOf(stage.world, await program.call()), token);
      assert.equal(stage.world.upstreamFor(scope).length, 1);
    },
    () => left(330),
  );

  for (const seconds of [290, 50]) {
    const concerns = (/** @type {Library} */ { keepsUntil }) => (keepsUntil || 300) === seconds + 10;
    each(
      `${seconds} s before its end the broker has a newer one, which a library keeps`,
      async (library, own) => {
        if (!concerns(library)) return;
        const { scope, program, token } = own;
        const renewed = async () => tokenOf(stage.world, await program.call());
        const newer = library.keepsUntil ? await renewed() : await until(renewed, (got) => got !== token);
        assert.notEqual(newer, token);
        const asked = (await requestsFor(stage.world, scope, library.route)).length;
        assert.equal(await renewed(), newer);
        assert.equal(stage.world.upstreamFor(scope).length, 2);
        const more = library.keepsUntil ? 0 : 1;
        assert.equal((await requestsFor(stage.world, scope, library.route)).length, asked + more);
        own.token = newer;
      },
      () => left(seconds),
    );
  }

  each(
    "while the authorization server is down, a library gets the token that is still good",
    async (_, { program, token }) => assert.equal(tokenOf(stage.world, await program.call()), token),
    async () => {
      stage.world.authority.always({ reset: true });
      await left(200, LIFETIME_SECS - 290);
    },
  );
}

/**
 * The first result of `body` that `is` it: a renewal behind a response takes a moment.
 * @template T
 * @param {() => Promise<T>} body
 * @param {(result: T) => boolean} is
 */
async function until(body, is) {
  for (let tries = 0; tries < 50; tries += 1) {
    const result = await body();
    if (is(result)) return result;
  }
  return assert.fail("it never came");
}

/**
 * What the user of each library sees of a refusal is what the table of docs/callers.md says, and comes soon.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function refusals(libraries, options = {}) {
  const stage = new Stage(libraries, options);

  stage.each("a wrong client key", async (library) => {
    const program = await stage.start(library, { scope: stage.world.newScope(), key: newClient("reports").key });
    assertRefused(stage, library, "Wrong client key", await program.call());
  });

  stage.each("a scope that is not granted", async (library) => {
    const program = await stage.start(library, { scope: "https://payroll.example/.default" });
    assertRefused(stage, library, "Scope not granted", await program.call());
  });

  /** @type {Map<Library, { program: Program, token: string }>} */
  const inHand = new Map();
  stage.each("a token, before the application's secret is revoked", async (library) => {
    const program = await stage.start(library, { scope: stage.world.newScope() });
    inHand.set(library, { program, token: tokenOf(stage.world, await program.call()) });
  });

  stage.each(
    "the token in hand is served on after that",
    async (library) => {
      const { program, token } = /** @type {any} */ (inHand.get(library));
      assert.equal(tokenOf(stage.world, await program.call()), token);
    },
    () => {
      for (const app of stage.world.authority.apps) if (app.clientId === DEFAULT_APP.clientId) app.secrets = [];
    },
  );

  stage.each("a token that nobody has is refused then", async (library) => {
    const program = await stage.start(library, { scope: stage.world.newScope() });
    assertRefused(stage, library, "Entra refuses the broker's credential", await program.call(), library.retriesMs);
  });
}

/** @type {(stage: Stage, library: Library, situation: string, outcome: Outcome, retriesMs?: number) => void} */
function assertRefused({ world }, { row }, situation, outcome, retriesMs = 0) {
  assertShown(world, row, situation, outcome);
  assert.ok(outcome.tookMs < retriesMs + SOON_MS, `${outcome.tookMs} ms`);
}

/** The longest that a call takes: a library asks a few times, with 2 s at most in between. */
const LONGEST_MS = 10_000;

/**
 * What the user of each library sees while Entra throttles or is down, and how long a call takes then.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function outages(libraries, options = {}) {
  const stage = new Stage(libraries, options);
  for (const [situation, behaviour] of /** @type {const} */ ([
    ["Entra throttles", { throttle: { retryAfter: 2 } }],
    ["Entra is down", { reset: true }],
  ])) {
    stage.each(
      situation,
      async (library) => {
        const program = await stage.start(library, { scope: stage.world.newScope() });
        const outcome = await program.call();
        assertShown(stage.world, library.row, situation, outcome);
        assert.ok(outcome.tookMs < LONGEST_MS + SOON_MS, `${outcome.tookMs} ms`);
      },
      () => stage.world.authority.always(behaviour),
    );
  }
}
