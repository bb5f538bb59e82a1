// A browser of which only the rules are there: it loads pages over real HTTP, runs their script with the `fetch` of the Fetch
// standard, and has as much of a document as the page of docs/proxy.md needs.

/** @import { Profile } from "./fetch_standard.mjs" */
/** @import { Browser, Seen } from "./browsers.mjs" */

import { fetchOfPage } from "./fetch_standard.mjs";

const SCRIPT = /<script type="module">([\s\S]*?)<\/script>/;
const REDIRECTS_MAX = 5;

/** @type {new (...args: string[]) => (...args: unknown[]) => Promise<unknown>} */
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

class Element {
  textContent = "";
  ariaBusy = "";

  /** @param {Element[]} elements */
  append(...elements) {
    this.textContent += elements.map(({ textContent }) => `${textContent}\n`).join("");
  }
}

class Document {
  /** @type {Map<string, Element>} */
  #elements = new Map();

  /** @param {string} html */
  constructor(html) {
    for (const [, id = ""] of html.matchAll(/ id="([^"]+)"/g)) this.#elements.set(`#${id}`, new Element());
  }

  /** @param {string} selector */
  querySelector(selector) {
    return this.#elements.get(selector) ?? null;
  }

  createElement() {
    return new Element();
  }
}

/** @implements {Browser} */
export class RulesBrowser {
  /** @type {Profile} */
  #profile = { cookies: {}, exchanged: [] };
  /** @type {Map<string, Map<string, string>>} By origin. */
  #storages = new Map();

  static async open() {
    return new RulesBrowser();
  }

  async close() {}

  /** @param {string} url @returns {Promise<Seen>} */
  async visit(url) {
    const html = await (await fetch(url)).text();
    const document = new Document(html);
    const [, script = ""] = SCRIPT.exec(html) ?? [];
    /** @type {Promise<string>} */
    const left = new Promise((leave) => {
      this.#run(script, url, { document, leave }).then(() => leave(""));
    });
    const next = await left;
    if (next) return this.visit(await this.#navigate(next));
    const text = (/** @type {string} */ id) => document.querySelector(id)?.textContent ?? "";
    return { people: text("#people").trim().split("\n").filter(Boolean), problem: text("#problem") };
  }

  /**
   * @param {string} url
   * @param {string} source
   * @param {string} name
   */
  async call(url, source, name) {
    const body = `${source.replace(/^export /gm, "")}\nreturn ${name}();`;
    return this.#run(body, url, { document: undefined, leave: () => {} });
  }

  /** @param {string} origin @param {string} cookie */
  async setCookie(origin, cookie) {
    this.#profile.cookies[origin] = cookie;
  }

  /** Everything that went over the network, as text. */
  get traffic() {
    return this.#profile.exchanged.map(({ text, headers }) => `${[...headers].join("\n")}\n${text}`).join("\n");
  }

  /**
   * @param {string} script
   * @param {string} url
   * @param {{ document: Document | undefined, leave: (url: string) => void }} page
   */
  #run(script, url, { document, leave }) {
    const { origin, pathname, search } = new URL(url);
    const stored = this.#storages.get(origin) ?? new Map();
    this.#storages.set(origin, stored);
    const globals = {
      document,
      location: { origin, pathname, search, assign: leave },
      history: { replaceState() {} },
      sessionStorage: {
        getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
        setItem: (/** @type {string} */ key, /** @type {string} */ value) => stored.set(key, value),
      },
      fetch: fetchOfPage(origin, this.#profile),
    };
    return new AsyncFunction(...Object.keys(globals), script)(...Object.values(globals));
  }

  /**
   * Follows the redirects of a navigation to the page that it ends at.
   * @param {string} start
   */
  async #navigate(start) {
    let url = start;
    for (let hop = 0; hop < REDIRECTS_MAX; hop += 1) {
      const response = await fetch(url, { redirect: "manual" });
      const to = response.headers.get("location");
      if (!to) return url;
      url = new URL(to, url).href;
    }
    throw new Error(`${start} redirects without an end`);
  }
}
