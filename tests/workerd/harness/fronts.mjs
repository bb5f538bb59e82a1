// Workers in front of the broker (`front` in world.mjs), and the class of the coordinators with additions.

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
