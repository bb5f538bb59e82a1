// Attacks in the small: each is answered with a refusal, dropped or waited for, and a good client is served all the while.
// `npm run abuse` does it in the large, and looks at memory.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FLOODS, SIEGES, WRONG } from "./harness/attacks.mjs";
import { assertHit, assertToken } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

/** Requests of the good client while the sieges hold their connections. */
const GOOD_REQUESTS = 20;

let world;
before(async () => {
  world = await openWorld();
  world.sweep.secret("wrong key", WRONG);
  assertToken(await world.getToken({ scope: GRAPH }));
});
after(() => world?.close());

/** The good client by both routes in turn, out of isolate memory. */
async function assertServed(n) {
  const reply = await (n % 2 ? world.getToken({ scope: GRAPH }) : world.postToken({ scope: GRAPH }));
  assertToken(reply);
  assertHit(reply, "isolate");
}

/** Serves the good client until `attack` is over, at least once. */
async function assertServedDuring(attack) {
  let over = false;
  const ended = attack.finally(() => (over = true));
  for (let n = 0; n === 0 || !over; n++) await assertServed(n);
  return ended;
}

function assertAnswers(counts, { answers }, amount) {
  const unexpected = Object.keys(counts).filter((status) => !answers.includes(status));
  assert.deepEqual(unexpected, [], JSON.stringify(counts));
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    amount,
    JSON.stringify(counts),
  );
}

const target = () => ({ port: world.broker.port, id: REPORTS.id });

for (const flood of FLOODS) {
  test(`a good client is served during ${flood.few} × ${flood.what}`, async () => {
    const asked = world.authority.requests.length;
    assertAnswers(await assertServedDuring(flood.send(target(), flood.few)), flood, flood.few);
    assert.equal(world.authority.requests.length, asked, "no upstream request");
  });
}

for (const siege of SIEGES) {
  test(`a good client is served besides ${siege.few} × ${siege.what}`, async () => {
    const { tick, leave } = await siege.open(target(), siege.few);
    for (let n = 0; n < GOOD_REQUESTS; n++) {
      tick();
      await assertServed(n);
    }
    assertAnswers(leave(), siege, siege.few);
    await assertServed(0);
  });
}
