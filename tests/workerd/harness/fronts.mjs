// Workers in front of the broker (`front` in world.mjs), the class of the coordinators with additions, and a main module.

/** @import { World } from "./world.mjs" */

/** Two isolates of the broker, `BROKER` and `OTHER`. The header `isolate` names one, else each comes in turn. */
export const TWO_ISOLATES = `
let turn = 0;
export default {
  fetch(request, env) {
    const named = request.headers.get("isolate");
    return env[named ?? (turn++ % 2 ? "OTHER" : "BROKER")].fetch(request);
  },
};`;

/** Calls the broker's scheduled handler as the cron trigger does, at `/cron`. */
export const CRON = {
  foreign: ["/cron"],
  front: `
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/cron") return env.BROKER.fetch(request);
    await env.BROKER.scheduled({ cron: "*/5 * * * *", scheduledTime: Date.now() });
    return new Response();
  },
};`,
};

/**
 * The deployed class with these members added. They may call `super`.
 * @param {string} members
 */
export const coordinatorWith = (members, before = "") => `
import { TokenCoordinator as Deployed } from "./index.js";
${before}
export class TokenCoordinator extends Deployed {
  ${members}
}`;

/**
 * The broker with a clock that `/clock?ahead=MS` sets, for its coordinators as well. Timers and alarms keep the real time.
 */
export const CLOCK = {
  foreign: ["/clock"],
  main: `
import broker from "./index.js";
export { AssertionLedger, TokenCoordinator } from "./index.js";
const { now } = Date;
let ahead = 0;
Date.now = () => now() + ahead;
export default {
  ...broker,
  fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/clock") return broker.fetch(request, env, context);
    ahead = Number(searchParams.get("ahead"));
    return new Response();
  },
};`,
};

/** A rate limiting binding that admits nobody. */
export const ADMITS_NOBODY = `
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint { limit() { return { success: false }; } }`;

/**
 * A Worker that makes calls by RPC at `/call`: the method `method` of its binding `binding`, with the JSON of the body as the
 * argument; or the expression of `calls` that is named `name`, of its bindings `env`. It answers with what the call comes to, a
 * token as `access_token`. Any other request goes to the broker.
 * @param {Record<string, string>} [calls]
 */
export const calling = (calls = {}) => ({
  foreign: ["/call"],
  front: `
const calls = {
  ${Object.entries(calls)
    .map(([name, code]) => `${JSON.stringify(name)}: (env) => ${code},`)
    .join("\n  ")}
};
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/call") return env.BROKER.fetch(request);
    const [name, binding, method] = ["name", "binding", "method"].map((part) => searchParams.get(part));
    try {
      const result = await (name ? calls[name](env) : env[binding][method](await request.json()));
      const { token: access_token, ...rest } = Object(result);
      return Response.json({ access_token, result: result === undefined ? "nothing" : rest });
    } catch (error) {
      const { name, message, stack } = error;
      return Response.json({ thrown: { ...error, name, message, stack } });
    }
  },
};`,
});

/**
 * What a call comes to in a world with the front `calling`.
 * @param {World} world
 * @param {{ binding?: string, method?: string, argument?: unknown, name?: string }} call
 * @returns {Promise<{ token: string | undefined, result?: Record<string, any>, thrown?: Record<string, any> }>}
 */
export async function callOf(world, { binding = "BOUND", method = "getToken", argument = {}, name }) {
  const query = new URLSearchParams(name ? { name } : { binding, method });
  const reply = await world.fetch(`/call?${query}`, { method: "POST", body: JSON.stringify(argument) });
  const { access_token: token, result, thrown } = JSON.parse(reply.text);
  return { token, result, thrown };
}
