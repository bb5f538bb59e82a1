// The browsers of the tests: the Fetch standard's rules over real HTTP, and Chromium where this machine has one.

import { Chromium, chromium } from "./chromium.mjs";
import { RulesBrowser } from "./page_rules.mjs";

/** @typedef {{ people: string[], problem: string }} Seen What the page of docs/proxy.md shows, at last. */

/**
 * @typedef {object} Browser
 * @property {(url: string) => Promise<Seen>} visit Opens the page of docs/proxy.md.
 * @property {(url: string, source: string, name: string) => Promise<unknown>} call Runs a module in a page at `url`, and calls
 *   a function of it.
 * @property {(url: string, cookie: string) => Promise<void>} setCookie
 * @property {() => Promise<void>} close
 * @property {string} traffic What came over the network.
 */

/** @type {{ name: string, open: () => Promise<Browser>, skip: string | false }[]} */
export const BROWSERS = [
  { name: "the rules of the Fetch standard", open: RulesBrowser.open, skip: false },
  { name: "Chromium", open: Chromium.open, skip: chromium ? false : "no Chromium on this machine" },
];
