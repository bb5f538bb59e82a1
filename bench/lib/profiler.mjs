// V8's sampling profiler, through workerd's inspector (Chrome DevTools Protocol).

/** @import { Server } from "./fleet.mjs" */

const SAMPLE_EVERY_MICROS = 100;

/** @typedef {{ functionName: string, url: string, lineNumber: number, columnNumber: number }} CallFrame */

/** @typedef {{ nodes: { callFrame: CallFrame, hitCount?: number }[] }} Recorded */

/** @typedef {{ id: number, result: { profile?: Recorded }, error?: { message: string } }} Answer */

/** @typedef {{ resolve: (result: Answer["result"]) => void, reject: (error: Error) => void }} Waiting */

/**
 * Profiles `server` while `work` runs. Returns the share of each function by its own time.
 * @param {Server} server
 * @param {() => Promise<unknown>} work
 */
export async function profile(server, work) {
  const targets = await (await fetch(`http://127.0.0.1:${server.inspectorPort}/json`)).json();
  const [{ id }] = /** @type {[{ id: string }]} */ (targets);
  const session = await Session.open(`ws://127.0.0.1:${server.inspectorPort}/${id}`);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_MICROS });
  await session.send("Profiler.start");
  await work();
  const { profile: recorded } = await session.send("Profiler.stop");
  session.close();
  if (!recorded) throw new Error("the inspector has recorded no profile");
  return bySelfTime(recorded, server.script.split("\n"));
}

/**
 * @param {Recorded} recorded
 * @param {string[]} lines
 */
function bySelfTime({ nodes }, lines) {
  /** @type {Map<string, number>} */
  const hits = new Map();
  for (const { callFrame, hitCount = 0 } of nodes) {
    // The wait for the next request is not work.
    if (callFrame.functionName === "(idle)" || hitCount === 0) continue;
    const name = nameOf(callFrame, lines);
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
  }
  const all = [...hits.values()].reduce((sum, count) => sum + count, 0);
  return [...hits].map(([name, count]) => ({ name, share: count / all })).sort((a, b) => b.share - a.share);
}

/**
 * @param {CallFrame} callFrame
 * @param {string[]} lines
 */
function nameOf({ functionName, url, lineNumber, columnNumber }, lines) {
  if (!url) return functionName || "(anonymous, of the runtime)";
  if (url.startsWith("wasm")) return `wasm ${functionName.replace(/::h[0-9a-f]{16}$/, "")}`;
  // The glue's imports are properties: `__wbg_get_f756: __name(function(t) {`.
  const before = lines[lineNumber]?.slice(0, columnNumber) ?? "";
  const property = before.match(/\w+(?=: (?:\/\*.*?\*\/ )?(?:__name\()?(?:function\b)?\s*$)/)?.[0];
  return `js   ${functionName || property || "(anonymous)"} :${lineNumber + 1}`;
}

class Session {
  #socket;
  /** @type {Map<number, Waiting>} */
  #answers = new Map();
  #last = 0;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
  }

  /** @param {string} url */
  static async open(url) {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    return new Session(socket);
  }

  /** @param {Answer} answer */
  #received({ id, result, error }) {
    const waiting = this.#answers.get(id);
    this.#answers.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }

  /**
   * @param {string} method
   * @returns {Promise<Answer["result"]>}
   */
  send(method, params = {}) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  close() {
    this.#socket.close();
  }
}
