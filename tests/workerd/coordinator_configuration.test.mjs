// What a coordinator stored meets a configuration that has changed meanwhile. Real time is the subject of all of this:
// lifetimes are seconds, and alarms fire in them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken, assertUnavailable } from "./harness/expect.mjs";
import { GRAPH, newClient } from "./harness/fixtures.mjs";
import { coordinatorWith } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

const CLIENT = newClient("warm");

const granted = (keep_warm) => ({
  CLIENTS: {
    [CLIENT.id]: { key_sha256: [CLIENT.digest], allow: [{ credential: "default", scope: GRAPH, keep_warm }] },
  },
});

/** The deployed class, and a line for each alarm that fires. */
const ALARMS = coordinatorWith(`alarm() { console.log("alarm"); return super.alarm(); }`);

const withBindings = (bindings, body) => withWorld({ bindings, coordinator: { durable: true, source: ALARMS } }, body);

const upstream = (world) => world.upstreamFor(GRAPH).length;

describe("a configuration that changes", { concurrency: true }, () => {
  test("without keep_warm a token that was kept warm is let go", () =>
    withBindings(granted(true), async (world) => {
      world.authority.always({ token: { expires_in: 2 } });
      assertToken(await world.getToken({ client: CLIENT }));
      await delay(3000); // longer than anything that is not kept warm
      const warm = upstream(world);
      await until(() => upstream(world) >= warm + 2, 3000);

      await world.restart(granted(false));
      await delay(4000);
      const asked = upstream(world);
      await delay(3000);
      assert.equal(upstream(world), asked);
    }));

  test("with keep_warm a token that was not kept warm is renewed for good", () =>
    withBindings(granted(false), async (world) => {
      world.authority.always({ token: { expires_in: 4, refresh_in: 2 } });
      assertToken(await world.getToken({ client: CLIENT }));
      await world.restart(granted(true));
      await delay(6000);
      const asked = upstream(world);
      await until(() => upstream(world) >= asked + 2, 6000);
    }));

  test("with a fault an alarm deletes nothing: mended, the token in hand is served, though upstream hangs", () =>
    withBindings(granted(false), async (world) => {
      world.authority.next({ token: { expires_in: 16, refresh_in: 2 } });
      const token = assertToken(await world.getToken({ client: CLIENT }));
      await world.restart({ CLIENTS: "nonsense" });
      await until(() => world.broker.printed(/^alarm$/).length > 0, 8000);
      assertUnavailable(await world.getToken({ client: CLIENT }));
      assert.equal(upstream(world), 1);

      world.authority.always({ hang: "headers" }); // the token is due, and its renewal finds nobody
      await world.restart(granted(false));
      const reply = await world.getToken({ client: CLIENT });
      assert.equal(assertToken(reply), token);
      assertHit(reply, "coordinator");
    }));
});
