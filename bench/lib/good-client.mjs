// A good client with an event loop of its own (worker thread), so that who attacks beside it does not slow it down.

import { once } from "node:events";
import { Agent, request } from "node:http";
import { isMainThread, parentPort, workerData, Worker } from "node:worker_threads";

/** Starts one: `during(work)` is what its requests came to while `work` ran, `alone(amount)` what so many come to. */
export function startGoodClient({ port, requests }) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, requests } });
  const told = async (message) => {
    worker.postMessage(message);
    const [outcome] = await once(worker, "message");
    return outcome;
  };
  return {
    alone: (amount) => told({ amount }),
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

if (!isMainThread) serveOrders();

function serveOrders() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let enough;
  parentPort.on("message", async (order) => {
    if (order === "enough") return (enough = true);
    enough = !order.untilTold;
    const millis = [];
    const failures = [];
    for (let n = 0; n < order.amount || !enough; n++) {
      const started = performance.now();
      const failure = await ask(agent, workerData.requests[n % workerData.requests.length]);
      millis.push(performance.now() - started);
      if (failure) failures.push(failure);
    }
    parentPort.postMessage({ millis, failures });
  });
}

/** Why there was no token, or nothing. */
function ask(agent, { body, ...options }) {
  return new Promise((resolve) => {
    const asked = request({ agent, host: "127.0.0.1", port: workerData.port, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () =>
        resolve(text.includes('"access_token":"') ? undefined : `status ${response.statusCode}`),
      );
    });
    asked.on("error", ({ code }) => resolve(code));
    asked.end(body);
  });
}
