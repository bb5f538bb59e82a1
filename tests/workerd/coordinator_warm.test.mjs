// The cron trigger starts what is kept warm: after a deploy nobody has to ask first.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, LEDGER, newClient } from "./harness/fixtures.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

/** A Worker that calls the broker's scheduled handler as the cron trigger does. */
const CRON = `
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/cron") return env.BROKER.fetch(request);
    await env.BROKER.scheduled({ cron: "*/5 * * * *", scheduledTime: Date.now() });
    return new Response();
  },
};`;

const WARM = newClient("warm");
const clients = (allow) => ({ warm: { key_sha256: [WARM.digest], allow } });

for (const [how, coordinator] of [["with coordinators", {}], ["without coordinators", false]]) {
  test(`a token with keep_warm is there before anybody asks, ${how}, and others are not fetched`, () => {
    const allow = [{ credential: "default", scope: GRAPH, keep_warm: true }, { credential: "billing", scope: LEDGER }];
    return withWorld({ front: CRON, coordinator, bindings: { CLIENTS: clients(allow) } }, async (world) => {
      for (let round = 0; round < 3; round += 1) {
        await world.fetch("/cron");
        await until(() => world.upstreamFor(GRAPH).length > 0 && world.kv.puts.length > 0);
      }
      assertToken(await world.getToken({ client: WARM, scope: GRAPH }));
      assert.deepEqual([world.upstreamFor(GRAPH).length, world.upstreamFor(LEDGER).length, world.kv.puts.length], [1, 0, 1]);
    });
  });
}

test("without anything to keep warm the trigger does nothing", () =>
  withWorld({ front: CRON }, async (world) => {
    assert.equal((await world.fetch("/cron")).status, 200);
    assert.equal(world.authority.requests.length, 0);
  }));
