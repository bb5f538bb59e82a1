// A broker over TLS, an API that takes its tokens, and the client libraries of one test file.

/** @import { Library, Own, Program, World } from "./libraries.mjs" */
/** @import { WorldOptions } from "../../workerd/harness/world.mjs" */

import { after, before, describe, test } from "node:test";

import { localCa } from "../../workerd/harness/tls.mjs";
import { openWorld } from "../../workerd/harness/world.mjs";
import { Api } from "./api.mjs";
import { startLibrary, stopLibraries } from "./libraries.mjs";

export class Stage {
  #libraries;
  #skip;
  /** @type {World | undefined} */
  #world;
  /** @type {Api | undefined} */
  #api;

  /**
   * It opens before the file's tests, and closes after them.
   * @param {Library[]} libraries
   * @param {{ skip?: string | undefined } & WorldOptions} options `skip` says why there are no such libraries.
   */
  constructor(libraries, { skip, ...options } = {}) {
    this.#libraries = libraries;
    this.#skip = skip;
    before(() => skip || this.#open(options));
    after(() => this.#close());
  }

  /** @param {WorldOptions} options */
  async #open(options) {
    this.#world = await openWorld({ tls: localCa().pair, ...options });
    this.#api = await Api.start(this.#world.authority, localCa().pair);
  }

  async #close() {
    await stopLibraries(this.#world);
    await this.#api?.close();
    await this.#world?.close();
  }

  get world() {
    return /** @type {World} */ (this.#world);
  }

  get api() {
    return /** @type {Api} */ (this.#api);
  }

  /**
   * @param {Pick<Library, "block" | "env" | "start">} library
   * @param {Own} own
   */
  start(library, { texts, ...own } = {}) {
    const addresses = {
      "https://graph.microsoft.com/v1.0": this.api.url,
      "https://example.vault.azure.net": this.api.url,
    };
    return startLibrary(this.world, library, { texts: { ...addresses, ...texts }, ...own });
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
}
