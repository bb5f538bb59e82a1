// The libraries of a test file, in a world where something holds.

/** @import { WorldOptions } from "../../workerd/harness/world.mjs" */
/** @import { Library, Program, World } from "./libraries.mjs" */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { localCa } from "../../workerd/harness/tls.mjs";
import { openWorld } from "../../workerd/harness/world.mjs";
import { assertShown, setClocks, startLibrary, stopLibraries, tokenOf } from "./libraries.mjs";

/** @typedef {{ skip?: string | undefined }} Options `skip` says why this machine has no such libraries. */

/** The libraries of a test file, in one world. */
export class Situation {
  /** @type {World | undefined} */
  #world;
  #libraries;
  /** @type {Map<Library, Program>} */
  #failed = new Map();
  #skip;

  /**
   * @param {Library[]} libraries
   * @param {Options & WorldOptions} options
   */
  constructor(libraries, { skip, ...options }) {
    this.#libraries = libraries;
    this.#skip = skip;
    before(async () => {
      if (!skip) this.#world = await openWorld({ tls: localCa().pair, ...options });
    });
    after(async () => {
      if (!this.#world) return;
      await stopLibraries(this.#world);
      await this.#world.close();
    });
  }

  /** @returns {World} */
  get world() {
    assert.ok(this.#world);
    return this.#world;
  }

  /**
   * A test of each library, side by side.
   * @param {string} title
   * @param {(library: Library) => Promise<void>} body
   * @param {() => unknown} prepare
   */
  each(title, body, prepare = () => {}) {
    describe(title, { concurrency: true, skip: this.#skip }, () => {
      before(prepare);
      for (const library of this.#libraries) test(library.row, () => body(library));
    });
  }

  /**
   * The call of a new program fails as the table of docs/callers.md says. It is to be mended then.
   * @param {Library} library
   * @param {string} situation
   * @param {{ scope: string, key?: string }} own
   */
  async fails(library, situation, own) {
    const program = await startLibrary(this.world, library, own);
    assertShown(this.world, library.row, situation, await program.call());
    this.#failed.set(library, program);
  }

  /**
   * The programs that have failed get a token a minute after `mend`: neither the broker nor a library remembers a failure
   * for longer.
   * @param {() => void} mend
   */
  recovers(mend) {
    this.each(
      "a minute after it is mended, the same process gets a token",
      async (library) => {
        const program = this.#failed.get(library);
        assert.ok(program, "its failure");
        tokenOf(this.world, await program.call());
      },
      () => {
        mend();
        return setClocks(this.world, 61);
      },
    );
  }
}
