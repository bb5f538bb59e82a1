// V8's sampling profiler, through workerd's inspector (Chrome DevTools Protocol).

const SAMPLE_EVERY_MICROS = 100;

/** Profiles what `server` (fleet.mjs) does while `work` runs; returns `{ name, share }` of each function by its own time. */
export async function profile(server, work) {
  const [{ id }] = await (await fetch(`http://127.0.0.1:${server.inspectorPort}/json`)).json();
  const session = await Session.open(`ws://127.0.0.1:${server.inspectorPort}/${id}`);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_MICROS });
  await session.send("Profiler.start");
  await work();
  const { profile: recorded } = await session.send("Profiler.stop");
  session.close();
  return bySelfTime(recorded, server.script.split("\n"));
}

function bySelfTime({ nodes }, lines) {
  const hits = new Map();
  for (const { callFrame, hitCount = 0 } of nodes) {
    // Waiting for the next request is not work.
    if (callFrame.functionName === "(idle)" || hitCount === 0) continue;
    const name = nameOf(callFrame, lines);
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
  }
  const all = [...hits.values()].reduce((sum, count) => sum + count, 0);
  return [...hits].map(([name, count]) => ({ name, share: count / all })).sort((a, b) => b.share - a.share);
}

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
  #answers = new Map();
  #last = 0;

  static async open(url) {
    const session = new Session();
    session.#socket = new WebSocket(url);
    session.#socket.onmessage = ({ data }) => session.#received(JSON.parse(data));
    await new Promise((resolve, reject) => Object.assign(session.#socket, { onopen: resolve, onerror: reject }));
    return session;
  }

  #received({ id, result, error }) {
    const { resolve, reject } = this.#answers.get(id) ?? {};
    this.#answers.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  send(method, params = {}) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  close() {
    this.#socket.close();
  }
}
