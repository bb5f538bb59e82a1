// The tests of a language's libraries, which are the same for each: tokens, refusals, outages.

/** @import { WorldOptions } from "../../workerd/harness/world.mjs" */
/** @import { Library, Program, World } from "./libraries.mjs" */
/** @import { Options } from "./situation.mjs" */

import assert from "node:assert/strict";
import { before, describe } from "node:test";

import { DEFAULT_APP, newClient } from "../../workerd/harness/fixtures.mjs";
import { ADMITS_NOBODY, CLOCK } from "../../workerd/harness/fronts.mjs";
import { assertShown, requestsFor, setClocks, startLibrary, tokenOf } from "./libraries.mjs";
import { Situation } from "./situation.mjs";
import { hasCell } from "./table.mjs";

const LIFETIME_SECS = 3599;

/** @typedef {{ scope: string, program: Program, token: string }} InUse */

/**
 * The first token, the library's cache and the broker's, renewal, and an outage with a token in hand. The broker's clock
 * and the libraries' go ahead together, so nobody sleeps.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function testTokens(libraries, options = {}) {
  const situation = new Situation(libraries, { ...CLOCK, ...options });
  /** @type {Map<Library, InUse>} */
  const all = new Map();
  const inUse = (/** @type {Library} */ library) => {
    const own = all.get(library);
    assert.ok(own, "its first token");
    return own;
  };
  const ask = async (/** @type {Program} */ program) => tokenOf(situation.world, await program.call());
  const requests = (/** @type {Library} */ library) =>
    requestsFor(situation.world, inUse(library).scope, library.route);
  const upstream = (/** @type {string} */ scope) => situation.world.upstreamFor(scope).length;

  /** Every clock is where a token that came at `since` seconds has this many seconds left. */
  const left = (/** @type {number} */ seconds, since = 0) =>
    setClocks(situation.world, since + LIFETIME_SECS - seconds);

  situation.each("the first token comes from upstream, and a library that keeps tokens asks once", async (library) => {
    const { world } = situation;
    const scope = world.newScope();
    const program = await startLibrary(world, library, { scope });
    const token = await ask(program);
    assert.equal(await ask(program), token);
    assert.equal(upstream(scope), 1);
    assert.equal((await requestsFor(world, scope, library.route)).length, library.keeps ? 1 : 2);
    all.set(library, { scope, program, token });
  });

  situation.each("another process gets the token that the broker has", async (library) => {
    const { scope, token } = inUse(library);
    assert.equal(await ask(await startLibrary(situation.world, library, { scope })), token);
    assert.equal(upstream(scope), 1);
  });

  situation.each(
    "more than five minutes before its end a library has the token that it keeps",
    async (library) => {
      const { scope, program, token } = inUse(library);
      if (!library.keeps) return;
      assert.equal(await ask(program), token);
      assert.equal(upstream(scope), 1);
    },
    () => left(330),
  );

  /** @type {(library: Library) => Promise<void>} */
  const renews = async (library) => {
    const own = inUse(library);
    const { scope, program } = own;
    if (!library.keeps || library.renewsBehind) await newerOf(() => ask(program), own.token);
    const newer = await ask(program);
    assert.notEqual(newer, own.token);
    const asked = (await requests(library)).length;
    assert.equal(await ask(program), newer);
    assert.equal(upstream(scope), 2);
    assert.equal((await requests(library)).length, asked + (library.keeps ? 0 : 1));
    own.token = newer;
  };
  for (const secs of [300, 120, 60]) {
    situation.each(
      `${secs} s before its end the broker has a newer one, which the library takes, or it keeps the old one for longer`,
      async (library) => {
        const { keeps, keepsUntilSecs = 300 } = library;
        if (keepsUntilSecs === secs) await renews(library);
        else if (keeps && keepsUntilSecs < secs) assert.equal(await ask(inUse(library).program), inUse(library).token);
      },
      () => left(secs - 10),
    );
  }

  situation.each(
    "while the authorization server is down, the library gets the token that is still good",
    async (library) => {
      const { program, token } = inUse(library);
      const before = (await requests(library)).length;
      assert.equal(await ask(program), token);
      if (!library.keeps) return; // the request is logged when the renewal behind its response has ended
      const asked = (await requests(library)).slice(before).map(({ status }) => status);
      assert.deepEqual(asked, library.keepsUntilSecs ? [] : [200]);
    },
    async () => {
      situation.world.authority.always({ reset: true });
      await left(200, LIFETIME_SECS - 290);
    },
  );
}

/**
 * Asks until the renewal behind a response has ended, the broker's or the library's.
 * @param {() => Promise<string>} ask
 * @param {string} old
 */
async function newerOf(ask, old) {
  for (let tries = 0; tries < 50; tries += 1) if ((await ask()) !== old) return;
}

/**
 * What the user of each library sees of a refusal, and how soon.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function testRefusals(libraries, options = {}) {
  const situation = new Situation(libraries, { ...CLOCK, ...options });
  const newScope = () => situation.world.newScope();

  situation.each("a wrong client key", (library) => {
    const { key } = newClient("reports");
    return situation.fails(library, "Wrong client key", { scope: newScope(), key });
  });

  situation.each("a scope that is not granted", (library) =>
    situation.fails(library, "Scope not granted", { scope: "https://payroll.example/.default" }),
  );

  describe("the application's secret is revoked", { skip: options.skip }, () => {
    const revoked = { ...DEFAULT_APP, secrets: [] };
    /** @type {Map<Library, InUse>} */
    const inUse = new Map();
    before(async () => {
      const { world } = situation;
      await Promise.all(
        libraries.map(async (library) => {
          const scope = newScope();
          const program = await startLibrary(world, library, { scope });
          inUse.set(library, { scope, program, token: tokenOf(world, await program.call()) });
        }),
      );
      const { apps } = world.authority;
      apps[apps.indexOf(DEFAULT_APP)] = revoked;
    });

    situation.each("a token in hand is served on, to a new process as well", async (library) => {
      const { world } = situation;
      const { program, scope, token } = inUse.get(library) ?? assert.fail("its first token");
      assert.equal(tokenOf(world, await program.call()), token);
      assert.equal(tokenOf(world, await (await startLibrary(world, library, { scope })).call()), token);
    });

    situation.each("another token is refused", (library) =>
      situation.fails(library, "Entra refuses the broker's credential", { scope: newScope() }),
    );

    situation.recovers(() => {
      const { apps } = situation.world.authority;
      apps[apps.indexOf(revoked)] = DEFAULT_APP;
    });
  });
}

/**
 * What the user of each library sees while Entra throttles or is down, and for how long a call takes then.
 * @param {Library[]} libraries
 * @param {Options} options
 */
export function testOutages(libraries, options = {}) {
  describe("outages", { concurrency: true }, () => {
    for (const [column, behaviour] of /** @type {const} */ ([
      ["Entra throttles", { throttle: { retryAfter: 30 } }],
      ["Entra is down", { reset: true }],
    ])) {
      // What is in it comes in turn.
      describe(column, { concurrency: false }, () => {
        const situation = new Situation(libraries, { ...CLOCK, ...options });
        situation.each(
          "a token that nobody has",
          (library) => situation.fails(library, column, { scope: situation.world.newScope() }),
          () => situation.world.authority.always(behaviour),
        );
        situation.recovers(() => situation.world.authority.always(null));
      });
    }

    describe("rate limit", () => {
      const situation = new Situation(libraries, { beside: { CLIENT_RATE_LIMIT: ADMITS_NOBODY }, ...options });
      situation.each("the client is over the broker's own rate limit", (library) =>
        situation.fails(library, "Over the broker's rate limit", { scope: situation.world.newScope() }),
      );
    });
  });
}

/**
 * What the user of some libraries sees while it is the broker that fails: of those with a row in the table that has these
 * columns.
 * @param {Library[]} all
 * @param {Options} options
 */
export function testBroker(all, options = {}) {
  const gone = "The broker cannot be reached";
  const libraries = all.filter(({ row }) => hasCell(row, gone));
  /** @type {[string, WorldOptions, (world: World) => unknown][]} */
  const faults = [
    [gone, {}, (world) => world.broker.stop()],
    ["Its configuration has a fault", { bindings: { AZ_TENANT: undefined } }, () => {}],
    ["It does not understand the server's answer", {}, (world) => world.authority.always({ garbage: "html" })],
  ];
  describe("the broker", { concurrency: true }, () => {
    for (const [column, own, fail] of faults) {
      describe(column, () => {
        const situation = new Situation(libraries, { ...own, ...options });
        /** @type {Map<Library, Program>} */
        const programs = new Map();
        const prepare = async () => {
          const { world } = situation;
          const start = async (/** @type {Library} */ library) =>
            programs.set(library, await startLibrary(world, library, { scope: world.newScope() }));
          await Promise.all(libraries.map(start));
          await fail(world);
        };
        situation.each(
          "a token that nobody has",
          async (library) => {
            const program = programs.get(library) ?? assert.fail("its program");
            assertShown(situation.world, library.row, column, await program.call());
          },
          prepare,
        );
      });
    }
  });
}
