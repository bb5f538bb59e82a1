// Workers in front of the broker (`front` in world.mjs), the class of the coordinators with additions, and a main module.

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
 * A Worker that makes calls by RPC: `/call?name=` makes the one of this name, an expression of `env`, and answers what it
 * comes to. Any other request goes to the broker.
 * @param {Record<string, string>} calls
 */
export const calling = (calls) => ({
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
    try {
      return Response.json({ result: await calls[searchParams.get("name")](env) });
    } catch (error) {
      const { name, message, stack } = error;
      return Response.json({ error: { ...error, name, message, stack } });
    }
  },
};`,
});
