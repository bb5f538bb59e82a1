// Clients in the KV namespace REGISTRY.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { registryEntries } from "../../cli/lib/registry-entry.mjs";
import { assertToken, assertTokenError, assertUnavailable, cacheStatus } from "./harness/expect.mjs";
import { CLIENTS, GRAPH, REPORTS, SCOPES, newClient } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const REGISTRY_KEY = randomBytes(32);
const bindings = { REGISTRY_KEY: REGISTRY_KEY.toString("base64") };
const allow = [...SCOPES, GRAPH].map((scope) => ({ credential: "default", scope }));

let world;
before(async () => (world = await openWorld({ registry: true, bindings })));
after(() => world?.close());

/** Puts a client into the registry of `to`, as `npm run new-client` does. */
async function register(client, fields = {}, { to = world, registryKey = REGISTRY_KEY } = {}) {
  const entry = { ...(client.digest && { key_sha256: [client.digest] }), allow, ...fields };
  const [entries] = await registryEntries([{ id: client.id, entry: JSON.stringify(entry) }], registryKey);
  for (const { key, value } of entries) to.registry.values.set(key, { value: Buffer.from(value), expiresAt: Infinity });
  return entries;
}

const reads = (name) => world.registry.gets.filter(({ key }) => key === name).length;

test("a registered client gets tokens on both routes; its entry is read once", async () => {
  const far = newClient("far");
  await register(far);
  const scope = world.newScope();
  const first = await world.postToken({ client: far, scope });
  const token = assertToken(first);
  const { client_id, proof } = await world.logOf(first);
  assert.deepEqual({ client_id, proof }, { client_id: "far", proof: "key_sha256" });
  for (let n = 0; n < 20; n += 1) {
    const hit = await world.getToken({ client: far, scope });
    assert.equal(assertToken(hit), token);
    assert.equal(cacheStatus(hit).detail, "isolate");
  }
  assertTokenError(await world.postToken({ client: { ...far, key: REPORTS.key }, scope }), 401, "invalid_client");
  assert.equal(reads("client:far"), 1);
  assert.equal(reads(`key:${far.digest}`), 1);
});

test("a registered client has the grants of its entry and no others", async () => {
  const narrow = newClient("narrow");
  await register(narrow, { allow: [{ credential: "default", scope: GRAPH }] });
  assertTokenError(await world.getToken({ client: narrow, scope: SCOPES[0] }), 403, "insufficient_scope");
  assertTokenError(
    await world.getToken({ client: narrow, scope: GRAPH, credential: "billing" }),
    403,
    "insufficient_scope",
  );
});

test("a client that is nowhere is refused, and remembered as that", async () => {
  const nobody = newClient("nobody");
  for (let n = 0; n < 10; n += 1) {
    assertTokenError(await world.postToken({ client: nobody, scope: GRAPH }), 401, "invalid_client");
    assertTokenError(await world.getToken({ client: nobody, scope: GRAPH }), 401, "invalid_token");
  }
  assert.equal(reads("client:nobody"), 1);
  assert.equal(reads(`key:${nobody.digest}`), 1);
});

test("an entry that somebody without REGISTRY_KEY wrote is no entry", async () => {
  const forged = newClient("forged");
  await register(forged, {}, { registryKey: randomBytes(32) });
  const reply = await world.postToken({ client: forged, scope: GRAPH });
  assertTokenError(reply, 401, "invalid_client");
  const { registry, level, client_id } = await world.logOf(reply);
  assert.deepEqual({ registry, level, client_id }, { registry: "not_authentic", level: "warn", client_id: undefined });
});

test("an entry under another name does not verify", async () => {
  const original = newClient("original");
  const [{ value }] = await register(original);
  world.registry.values.set("client:copy", { value: Buffer.from(value), expiresAt: Infinity });
  assertTokenError(await world.postToken({ client: { ...original, id: "copy" }, scope: GRAPH }), 401, "invalid_client");
});

test("CLIENTS wins over the registry, and the log says once that the name is in both", async () => {
  const impostor = newClient(REPORTS.id);
  await register(impostor);
  const refused = await world.postToken({ client: impostor, scope: GRAPH });
  assertTokenError(refused, 401, "invalid_client");
  const fault = "REGISTRY.reports: is in CLIENTS as well, which wins";
  assert.deepEqual((await world.logOf(refused)).faults, [fault]);
  assertTokenError(await world.getToken({ client: impostor, scope: GRAPH }), 401, "invalid_token");
  assertToken(await world.getToken({ scope: GRAPH }));
  assert.equal(world.broker.log.filter(({ faults }) => faults?.includes(fault)).length, 1);
});

test("an entry with a fault is the operator's: 503, and the log says which field", async () => {
  const broken = newClient("broken");
  await register(broken, { allow: [{ credential: "gone", scope: GRAPH }] });
  const reply = await world.postToken({ client: broken, scope: GRAPH });
  assertUnavailable(reply);
  const { faults } = await world.logOf(reply);
  assert.deepEqual(faults, ["REGISTRY.broken.allow[0].credential: names a credential that does not exist"]);
});

test("a client id is no path into the registry", async () => {
  for (const id of ["../far", "far\n", "key:x", "x".repeat(600), "client:far"]) {
    assertTokenError(await world.postToken({ client: { id, key: "etb_x" }, scope: GRAPH }), 401, "invalid_client");
  }
});

test("while KV is down, who is known stays known, and the others are told to come back", () =>
  withWorld({ registry: true, bindings }, async (world) => {
    const far = newClient("far");
    await register(far, {}, { to: world });
    assertToken(await world.postToken({ client: far, scope: GRAPH }));
    world.registry.reads = { status: 500 };
    assertToken(await world.postToken({ client: far, scope: GRAPH }));
    const other = await world.postToken({ client: newClient("other"), scope: GRAPH });
    assertUnavailable(other);
    assert.equal((await world.logOf(other)).registry, "failed");
    assertToken(await world.getToken({ scope: GRAPH }));
  }));

test("a broker whose clients are all in the registry needs no CLIENTS", () =>
  withWorld({ registry: true, bindings: { ...bindings, CLIENTS: undefined } }, async (world) => {
    const far = newClient("far");
    await register(far, {}, { to: world });
    assert.equal((await world.fetch("/readyz")).status, 200);
    assertToken(await world.getToken({ client: far, scope: GRAPH }));
  }));

test("a registry without its key is a fault", () =>
  withWorld({ registry: true }, async (world) => {
    const reply = await world.fetch("/readyz");
    assert.equal(reply.status, 503);
    assert.deepEqual((await world.logOf(reply)).faults, ["REGISTRY_KEY: is missing"]);
  }));

test("without a registry nothing of it is asked", () =>
  withWorld({ bindings: { CLIENTS } }, async (world) => {
    assertTokenError(await world.postToken({ client: newClient("nobody"), scope: GRAPH }), 401, "invalid_client");
  }));
