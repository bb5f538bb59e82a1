// A good client with an event loop of its own (a worker thread), so that the attack beside it does not slow it down.

/** @import { Request } from "autocannon" */

import { once } from "node:events";
import { Agent, request } from "node:http";
import { parentPort, workerData, Worker } from "node:worker_threads";

import { codeOf } from "../../scripts/lib/run.mjs";

/** @typedef {{ amount: number, untilTold?: boolean }} Order */

/** @typedef {{ millis: number[], failures: string[] }} Outcome */

/**
 * Starts one. `during(work)` has the results of its requests while `work` runs, `alone(amount)` those of this many.
 * @param {{ port: number, requests: Request[] }} data
 */
export function startGoodClient({ port, requests }) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, requests } });
  /**
   * @param {Order} order
   * @returns {Promise<Outcome>}
   */
  const told = async (order) => {
    worker.postMessage(order);
    const [outcome] = await once(worker, "message");
    return outcome;
  };
  return {
    /** @param {number} amount */
    alone: (amount) => told({ amount }),
    /**
     * @param {() => Promise<void>} work
     * @param {number} atLeast
     */
    async during(work, atLeast) {
      const asked = told({ amount: atLeast, untilTold: true });
      try {
        await work();
      } finally {
        worker.postMessage("enough");
      }
      return asked;
    },
    stop: () => worker.terminate(),
  };
}

if (parentPort) serveOrders(parentPort, workerData);

/**
 * @param {NonNullable<typeof parentPort>} giver
 * @param {{ port: number, requests: [Request, ...Request[]] }} data
 */
function serveOrders(giver, { port, requests }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let enough = false;
  giver.on("message", async (/** @type {Order | "enough"} */ order) => {
    if (order === "enough") return (enough = true);
    enough = !order.untilTold;
    /** @type {Outcome} */
    const { millis, failures } = { millis: [], failures: [] };
    for (let n = 0; n < order.amount || !enough; n++) {
      const started = performance.now();
      const failure = await ask(agent, port, requests[n % requests.length] ?? requests[0]);
      millis.push(performance.now() - started);
      if (failure) failures.push(failure);
    }
    giver.postMessage({ millis, failures });
  });
}

/**
 * Why there was no token, or `undefined`.
 * @param {Agent} agent
 * @param {number} port
 * @param {Request} request
 * @returns {Promise<string | undefined>}
 */
function ask(agent, port, { body, ...options }) {
  return new Promise((resolve) => {
    const asked = request({ agent, host: "127.0.0.1", port, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () =>
        resolve(text.includes('"access_token":"') ? undefined : `status ${response.statusCode}`),
      );
    });
    asked.on("error", (error) => resolve(`${codeOf(error)}`));
    asked.end(body);
  });
}
