// The cron trigger starts what is kept warm: after a deploy nobody has to ask first.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, LEDGER, SCOPES, newClient } from "./harness/fixtures.mjs";
import { CRON, coordinatorWith } from "./harness/fronts.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

const WARM = newClient("warm");
const clients = (allow) => ({ warm: { key_sha256: [WARM.digest], allow } });

for (const [how, coordinator] of [
  ["with coordinators", {}],
  ["without coordinators", false],
]) {
  test(`a token with keep_warm is there before anybody asks, ${how}, and others are not fetched`, () => {
    const allow = [
      { credential: "default", scope: GRAPH, keep_warm: true },
      { credential: "billing", scope: LEDGER },
    ];
    return withWorld({ ...CRON, coordinator, bindings: { CLIENTS: clients(allow) } }, async (world) => {
      for (let round = 0; round < 3; round += 1) {
        await world.fetch("/cron");
        await until(() => world.upstreamFor(GRAPH).length > 0 && world.kv.puts.length > 0);
      }
      assertToken(await world.getToken({ client: WARM, scope: GRAPH }));
      assert.deepEqual(
        [world.upstreamFor(GRAPH).length, world.upstreamFor(LEDGER).length, world.kv.puts.length],
        [1, 0, 1],
      );
    });
  });
}

test("a token that only an API uses is kept warm, by the trigger and then by its alarm", () => {
  const [scope] = SCOPES;
  const APIS = { graph: { base: "https://graph.example", credential: "default", scope, keep_warm: true } };
  const bindings = { APIS, CLIENTS: clients([{ api: "graph" }]) };
  return withWorld({ ...CRON, bindings }, async (world) => {
    const short = { scope, token: { expires_in: 3, refresh_in: 1 } };
    world.authority.next(...Array.from({ length: 30 }, () => short));
    await world.fetch("/cron");
    // Longer than a token of 3 s lives, and nobody has sent a request.
    await until(() => world.upstreamFor(scope).length >= 5, 15_000);
    const refused = await world.getToken({ client: WARM, scope });
    assert.equal(refused.status, 403, "the client gets no token");
  });
});

test("without anything to keep warm the trigger does nothing", () =>
  withWorld(CRON, async (world) => {
    assert.equal((await world.fetch("/cron")).status, 200);
    assert.equal(world.authority.requests.length, 0);
  }));

/** The deployed class, and a line for each time that somebody asks it. */
const ASKED = coordinatorWith(`fetch(request) { console.log("asked"); return super.fetch(request); }`);

const kept = (scopes) => scopes.map((scope) => ({ credential: "default", scope, keep_warm: true }));

const scheduledLines = ({ broker }) => broker.log.filter(({ route }) => route === "scheduled");

test("a grant that two clients have is one question and one line in the log", () => {
  const [one, two] = [newClient("one"), newClient("two")];
  const table = Object.fromEntries(
    [one, two].map(({ id, digest }) => [id, { key_sha256: [digest], allow: kept([GRAPH]) }]),
  );
  return withWorld({ ...CRON, coordinator: { source: ASKED }, bindings: { CLIENTS: table } }, async (world) => {
    await world.fetch("/cron");
    const line = await world.broker.logLine("the trigger", ({ route }) => route === "scheduled");
    await world.fetch("/cron"); // has ended: whatever the first one does has been done
    assert.deepEqual(scheduledLines(world), [line]);
    await until(() => world.broker.printed(/^asked$/).length >= 2);
    assert.equal(world.broker.printed(/^asked$/).length, 2);
    assert.equal(world.upstreamFor(GRAPH).length, 1);
    const { level, outcome, credential, scope, upstream_requests, upstream_status, method, status } = line;
    assert.deepEqual(
      { level, outcome, credential, scope, upstream_requests, upstream_status, method, status },
      {
        level: "info",
        outcome: "kept_warm",
        credential: "default",
        scope: GRAPH,
        upstream_requests: 1,
        upstream_status: 200,
        method: undefined,
        status: undefined,
      },
    );
  });
});

describe("a fetch by the trigger that fails is an error in the log, with what upstream said", () => {
  for (const [how, coordinator] of [
    ["with coordinators", {}],
    ["without coordinators", false],
  ]) {
    for (const [fault, expected] of [
      [{ throttle: { retryAfter: 30 } }, { outcome: "upstream_unavailable", upstream_status: 429, aadsts: undefined }],
      [{ refuse: 7000222 }, { outcome: "credential_refused", upstream_status: 401, aadsts: 7000222 }],
    ]) {
      test(`${expected.outcome}, ${how}`, () =>
        withWorld({ ...CRON, coordinator, bindings: { CLIENTS: clients(kept([GRAPH])) } }, async (world) => {
          world.authority.always(fault);
          await world.fetch("/cron");
          const { level, outcome, upstream_status, upstream_requests, aadsts } = await world.broker.logLine(
            "the trigger",
            ({ route }) => route === "scheduled",
          );
          assert.deepEqual(
            { level, upstream_requests, outcome, upstream_status, aadsts },
            { level: "error", upstream_requests: 1, ...expected },
          );
        }));
    }
  }
});

describe("a grant whose token does not come does not hold the others up", { concurrency: true }, () => {
  const scopes = SCOPES.slice(0, 3);
  for (const [how, coordinator] of [
    ["with coordinators", {}],
    ["without coordinators", false],
  ]) {
    for (const hanging of scopes) {
      test(`${hanging}, ${how}`, () =>
        withWorld({ ...CRON, coordinator, bindings: { CLIENTS: clients(kept(scopes)) } }, async (world) => {
          world.authority.next({ scope: hanging, hang: "headers" });
          const triggered = world.fetch("/cron").catch(() => "cut off");
          await until(() => world.kv.puts.length === 2, 3000);
          for (const scope of scopes) assert.equal(world.upstreamFor(scope).length, 1);
          for (const scope of scopes.filter((other) => other !== hanging))
            assertToken(await world.getToken({ client: WARM, scope }));
          await world.broker.stop(); // nobody waits for the one that hangs
          assert.equal(await triggered, "cut off");
        }));
    }
  }
});
