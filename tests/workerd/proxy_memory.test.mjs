// Long bodies through the proxy, at the same time and past slow readers: they flow, and do not pile up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";

import { REPORTS } from "./harness/fixtures.mjs";
import { openProxy } from "./harness/proxy_world.mjs";
import { until } from "./harness/until.mjs";

const MIB = 1024 * 1024;
const STREAMS = 20;
/** By how much workerd may grow, in MiB: 10 for each stream. */
const GROWTH = 200;

const DEADLINE_MS = 30_000;

const CHUNK = Buffer.alloc(64 * 1024, "x");
/** So many MiB. */
const content = (mib) => Readable.from(Array(mib * 16).fill(CHUNK), { objectMode: false });

let proxy;
before(async () => (proxy = await openProxy()));
after(() => proxy?.close());

/** The memory of workerd, in MiB. Linux only. */
function memory() {
  const status = readFileSync(`/proc/${proxy.world.broker.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024;
}

/** By how much workerd grows in the course of `work`, at its peak. */
async function growth(work) {
  const start = memory();
  let peak = start;
  const timer = setInterval(() => (peak = Math.max(peak, memory())), 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(peak, memory()) - start;
}

function begin(path, options = {}) {
  const headers = { Authorization: `Bearer ${REPORTS.key}`, ...options.headers };
  return request({ host: "127.0.0.1", port: proxy.port, path: `/api/api-0${path}`, agent: false, ...options, headers });
}

const streams = (make) => Promise.all(Array.from({ length: STREAMS }, (_, n) => make(n)));
/** Two gigabytes take half a minute where the machine has other work. */
const linux = { skip: process.platform !== "linux" && "reads /proc", timeout: 180_000 };

for (const [what, mib] of [
  ["declared", 100],
  ["unknown", 15],
]) {
  test(`${STREAMS} answers of ${mib} MiB whose length is ${what}, past readers that wait`, linux, async () => {
    const path = `/big-${what}`;
    const declared = what === "declared" ? { "Content-Length": mib * MIB } : {};
    proxy.on(path, ({ response }) => pipeline(content(mib), response.writeHead(200, declared)).catch(() => {}));
    const grown = await growth(async () => {
      const answers = await streams(async () => {
        const [answer] = await once(begin(path).end(), "response");
        return answer;
      });
      // Nobody reads, so the API has to wait, with nearly all of it.
      await until(() => proxy.callsAt(path).every(({ response }) => response.writableNeedDrain), DEADLINE_MS);
      const lengths = await Promise.all(
        answers.map(async (answer) => {
          let length = 0;
          for await (const { byteLength } of answer) length += byteLength;
          return length;
        }),
      );
      assert.deepEqual(lengths, Array(STREAMS).fill(mib * MIB));
    });
    assert.ok(grown < GROWTH, `workerd grew by ${grown.toFixed()} MiB`);
  });
}

for (const [what, mib] of [
  ["declared", 30],
  ["unknown", 15],
]) {
  test(`${STREAMS} requests of ${mib} MiB whose length is ${what}, past an API that waits`, linux, async () => {
    const path = `/upload-${what}`;
    const headers = what === "declared" ? { "Content-Length": mib * MIB } : { "Transfer-Encoding": "chunked" };
    const gate = Promise.withResolvers();
    let count = 0;
    proxy.on(path, async ({ request: incoming, response }) => {
      incoming.pause();
      count += 1;
      await gate.promise;
      let length = 0;
      incoming.removeAllListeners("data");
      for await (const { byteLength } of incoming) length += byteLength;
      response.end(String(length));
    });
    const grown = await growth(async () => {
      const sent = await streams(() => {
        const one = begin(path, { method: "POST", headers });
        pipeline(content(mib), one).catch(() => {});
        return one;
      });
      await until(() => count === STREAMS, DEADLINE_MS);
      gate.resolve();
      const lengths = await Promise.all(
        sent.map(async (one) => {
          const [answer] = await once(one, "response");
          return Number((await answer.toArray()).join(""));
        }),
      );
      assert.deepEqual(lengths, Array(STREAMS).fill(mib * MIB));
    });
    assert.ok(grown < GROWTH, `workerd grew by ${grown.toFixed()} MiB`);
  });
}

// With a buffer for each piece it would be more than twice as much.
test("40000 pieces of one byte: what is kept of them, to be sent again, is no more than they are", linux, async () => {
  proxy.on("/bytes", async (call) => call.response.end(String((await call.body()).length)));
  const grown = await growth(async () => {
    const caller = await proxy.begin("/bytes", { method: "POST", headers: { "Transfer-Encoding": "chunked" } });
    const call = await proxy.arrival("/bytes");
    for (let n = 1; n <= 40_000; n += 1) {
      caller.chunk("x");
      // Each has to come alone, more or less.
      if (n % 10 === 0) await call.part(n);
    }
    caller.chunk("");
    await caller.until(/\r\n\r\n40000$/);
    caller.leave();
  });
  assert.ok(grown < GROWTH, `workerd grew by ${grown.toFixed()} MiB`);
});
