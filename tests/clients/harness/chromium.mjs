// A real Chromium without a window, where this machine has one. It is driven by its DevTools protocol.

/** @import { ChildProcess } from "node:child_process" */
/** @import { Browser, Seen } from "./browsers.mjs" */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

import { DEADLINE_MS } from "./child.mjs";

const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of one, or `undefined`. */
export const chromium = await findChromium();

async function findChromium() {
  for (const name of NAMES) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      if (await access(path).then(Boolean.bind(null, true), () => false)) return path;
    }
  }
  return undefined;
}

const FLAGS = [
  "--headless",
  "--no-sandbox", // it cannot make its sandbox as root, and it opens nothing but the pages of the tests
  "--disable-gpu",
  "--ignore-certificate-errors", // those of the tests' own certificate authority
  "--remote-debugging-port=0",
  "about:blank",
];

/** What the page shows, once it is not busy. */
const SHOWN = `(() => {
  if (document.querySelector("#people")?.ariaBusy !== "false") return undefined;
  const people = [...document.querySelectorAll("#people li")].map((item) => item.textContent);
  return { people, problem: document.querySelector("#problem").textContent };
})()`;

/** @implements {Browser} */
export class Chromium {
  #child;
  #folder;
  #socket;
  #serial = 0;
  /** @type {Map<number, (answer: any) => void>} */
  #waiting = new Map();
  /** @type {string[]} */
  #traffic = [];

  /**
   * @param {ChildProcess} child
   * @param {string} folder
   * @param {any} socket Of a page.
   */
  constructor(child, folder, socket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener("message", (/** @type {{ data: string }} */ { data }) => this.#hear(data));
  }

  static async open() {
    const folder = await mkdtemp(join(tmpdir(), "edge-token-broker-chromium-"));
    const child = spawn(/** @type {string} */ (chromium), [`--user-data-dir=${folder}`, ...FLAGS], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    process.once("exit", () => killAll(child));
    const socket = await connected(await debuggerOf(child));
    const browser = new Chromium(child, folder, socket);
    await browser.#ask("Page.enable");
    await browser.#ask("Network.enable");
    return browser;
  }

  async close() {
    const exited = once(this.#child, "exit");
    killAll(this.#child);
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} url @returns {Promise<Seen>} */
  async visit(url) {
    await this.#ask("Page.navigate", { url });
    return this.#evaluate(SHOWN);
  }

  /**
   * @param {string} url
   * @param {string} source
   * @param {string} name
   */
  async call(url, source, name) {
    await this.#ask("Page.navigate", { url });
    const module = JSON.stringify(`data:text/javascript,${encodeURIComponent(source)}`);
    const loaded = `document.readyState === "complete" && location.href.startsWith(${JSON.stringify(url)})`;
    await this.#evaluate(`${loaded} || undefined`);
    const call = `import(${module}).then((module) => module.${name}()).then((value) => ({ value }), (error) => ({ error: String(error) }))`;
    const { value, error } = await this.#evaluate(call);
    if (error) throw new Error(error);
    return value;
  }

  /** @param {string} url @param {string} cookie */
  async setCookie(url, cookie) {
    const [name, value] = cookie.split("=");
    await this.#ask("Network.setCookie", { url, name, value, secure: true, httpOnly: true, sameSite: "None" });
  }

  /** Everything that came over the network but bodies. */
  get traffic() {
    return this.#traffic.join("\n");
  }

  /**
   * The value of an expression, once it has one. A navigation may be under way.
   * @param {string} expression
   */
  async #evaluate(expression) {
    const deadline = Date.now() + DEADLINE_MS;
    while (Date.now() < deadline) {
      const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (result?.value !== undefined && !exceptionDetails) return result.value;
      await delay(20);
    }
    throw new Error(`the browser shows nothing: ${expression}`);
  }

  /**
   * @param {string} method
   * @param {object} params
   */
  #ask(method, params = {}) {
    this.#serial += 1;
    const id = this.#serial;
    /** @type {Promise<any>} */
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answered;
  }

  /** @param {string} data */
  #hear(data) {
    const { id, method, result = {}, params } = JSON.parse(data);
    if (method?.startsWith("Network.response")) this.#traffic.push(JSON.stringify(params));
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }
}

/**
 * Ends it with all its processes, which are a group.
 * @param {ChildProcess} child
 */
function killAll({ pid, exitCode, signalCode, stderr }) {
  stderr?.destroy();
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

/**
 * The address at which its first page is driven.
 * @param {ChildProcess} child
 */
async function debuggerOf(child) {
  const lines = createInterface({ input: /** @type {import("node:stream").Readable} */ (child.stderr) });
  for await (const line of lines) {
    const [, origin] = /DevTools listening on ws:\/\/([^/]+)\//.exec(line) ?? [];
    if (!origin) continue;
    child.stderr?.resume();
    const targets = /** @type {any[]} */ (await (await fetch(`http://${origin}/json`)).json());
    return targets.find(({ type }) => type === "page").webSocketDebuggerUrl;
  }
  throw new Error("Chromium did not start");
}

/** @param {string} url */
async function connected(url) {
  const { WebSocket } = /** @type {any} */ (globalThis); // the project's Node.js has it, the types are those of an older one
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return socket;
}
