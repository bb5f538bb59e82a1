// What the log says about a renewal behind a response that did not work out: the answer was a hit, and yet it is more.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertHit, assertToken } from "./harness/expect.mjs";
import { coordinatorWith } from "./harness/fronts.mjs";
import { withWorld } from "./harness/world.mjs";

const QUIET = { LOG_HITS: "false" };

/** Renewal is left to requests. */
const ALARMLESS = coordinatorWith(
  "constructor(state, env) { super(withoutAlarms(state), env); }",
  "const withoutAlarms = (state) => { state.storage.setAlarm = async () => {}; return state; };",
);

const FAULTS = [
  ["upstream answers 503", { fail: { status: 503, retryAfter: 30 } }, 503],
  ["upstream throttles", { throttle: { retryAfter: 30 } }, 429],
  ["upstream resets the connection", { reset: true }, undefined],
  ["upstream refuses the secret", { refuse: 7000222 }, 401],
];

describe(
  "a stale hit whose renewal fails is a warning, and written with LOG_HITS = false",
  { concurrency: true },
  () => {
    for (const [what, fault, upstream_status] of FAULTS) {
      // Real time is the subject: a token is due after three seconds at the earliest, and its renewal may take two.
      test(`${what}, with a coordinator`, () =>
        withWorld({ bindings: QUIET, coordinator: { source: ALARMLESS } }, (world) =>
          assertWarned(world, { expires_in: 40, refresh_in: 3 }, 3100, {
            fault,
            upstream_status,
            renewal: /^failing$/,
          }),
        ));

      test(`${what}, without a coordinator`, () =>
        withWorld({ bindings: QUIET, coordinator: false }, (world) =>
          assertWarned(world, { expires_in: 40, refresh_in: 3 }, 3100, {
            fault,
            upstream_status,
            renewal: /^(upstream_unavailable|credential_refused)$/,
          }),
        ));
    }
  },
);

async function assertWarned(world, token, dueAfterMs, { fault, upstream_status, renewal }) {
  const scope = world.newScope();
  world.authority.next({ scope, token });
  const first = await world.getToken({ scope });
  await delay(dueAfterMs);
  world.authority.always(fault);
  const reply = await world.getToken({ scope });
  assert.equal(assertToken(reply), assertToken(first));
  assertHit(reply, "isolate");
  const line = await world.logOf(reply);
  assert.match(line.renewal, renewal);
  const { level, outcome, tier, status } = line;
  assert.deepEqual(
    { level, outcome, tier, status, upstream_status: line.upstream_status },
    { level: "warn", outcome: "hit", tier: "isolate", status: 200, upstream_status },
  );

  // A hit that needs nothing is not written.
  const mere = await world.getToken({ scope });
  assertHit(mere, "isolate");
  assert.deepEqual(await world.broker.logLinesOf(mere), []);
}
