// The broker's own client with the real broker over TLS, the real pipeline of the Azure SDKs and two of their clients: tokens,
// claims challenges, renewal.

import assert from "node:assert/strict";
import { test } from "node:test";

import { bearerTokenAuthenticationPolicy, createDefaultHttpClient } from "@azure/core-rest-pipeline";
import { createEmptyPipeline, createPipelineRequest } from "@azure/core-rest-pipeline";
import { SecretClient } from "@azure/keyvault-secrets";
import { BlobServiceClient } from "@azure/storage-blob";

import { BrokerCredential, brokerFetch } from "../../client/index.mjs";
import { BILLING, CLIENTS, DEFAULT_APP, GRAPH, LEDGER, REPORTS } from "../workerd/harness/fixtures.mjs";
import { CLOCK } from "../workerd/harness/fronts.mjs";
import { localCa } from "../workerd/harness/tls.mjs";
import { withWorld } from "../workerd/harness/world.mjs";
import { Api, CP1, NBF, NBF_AND_CP1 } from "./harness/api.mjs";

const VAULT = "https://vault.azure.net/.default";
const STORAGE = "https://storage.azure.com/.default";

/** A world with a client that has three grants, and an API beside it. */
function using({ cae = false, resource = "", ...options }, body) {
  const allow = [GRAPH, VAULT, STORAGE].map((scope) => ({ credential: "default", scope, cae }));
  const bindings = { CLIENTS: { ...CLIENTS, [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
  return withWorld({ tls: localCa().pair, bindings, ...options }, async (world) =>
    body({ world, api: await Api.start(resource), own: { endpoint: world.broker.url, key: REPORTS.key } }),
  );
}

const claimsOf = (world, scope) => world.upstreamFor(scope).map(({ params }) => params.claims);

/** Sends requests as every client of the Azure SDKs does. The answer of the API is its token. */
function pipeline(credential, scopes) {
  const made = createEmptyPipeline();
  made.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes }));
  const client = createDefaultHttpClient();
  return (url) => made.sendRequest(client, createPipelineRequest({ url }));
}

for (const [cae, claims] of [
  [true, [CP1, NBF_AND_CP1]],
  [false, [undefined, NBF]],
]) {
  test(`the pipeline answers a claims challenge, with cae = ${cae}`, () =>
    using({ cae }, async ({ world, api, own }) => {
      const send = pipeline(new BrokerCredential(own), GRAPH);
      const rejected = JSON.parse((await send(`${api.url}/x`)).bodyAsText).value;
      assert.deepEqual(world.authority.issued, [rejected]);
      api.rejected.add(rejected);
      const { status, bodyAsText } = await send(`${api.url}/x`);
      const newer = JSON.parse(bodyAsText).value;
      assert.equal(status, 200);
      assert.deepEqual(api.presented, [rejected, rejected, newer]);
      assert.deepEqual(claimsOf(world, GRAPH), claims);
    }));

  test(`brokerFetch answers a claims challenge, with cae = ${cae}`, () =>
    using({ cae }, async ({ world, api, own }) => {
      const send = brokerFetch({ ...own, scope: GRAPH, enableCae: true });
      const tokenOf = async () => (await (await send(`${api.url}/x`, { method: "POST", body: "x" })).json()).value;
      const rejected = await tokenOf();
      api.rejected.add(rejected);
      const newer = await tokenOf();
      assert.deepEqual(api.presented, [rejected, rejected, newer]);
      assert.deepEqual(world.authority.issued, [rejected, newer]);
      assert.deepEqual(claimsOf(world, GRAPH), claims);

      // The broker does not renew it again within a minute, so the caller reads what the API says.
      api.rejected.add(newer);
      const response = await send(`${api.url}/x`);
      assert.deepEqual([response.status, (await response.json()).error.code], [401, "Unauthorized"]);
      assert.equal(world.authority.issued.length, 2);
    }));
}

test("the clients of Blob Storage and Key Vault", () =>
  using({ resource: "https://vault.azure.net" }, async ({ world, api, own }) => {
    const blobs = new BlobServiceClient(`${api.url}/account`, new BrokerCredential(own));
    const { value: container } = await blobs.listContainers().next();
    const vault = (credential) => new SecretClient(api.url, credential, { disableChallengeResourceVerification: true });
    // Its challenge names the tenant by its id.
    const secret = await vault(new BrokerCredential(own)).getSecret("name");
    assert.deepEqual([container.name, secret.value], world.authority.issued);
    assert.deepEqual(
      [STORAGE, VAULT].map((scope) => world.upstreamFor(scope).length),
      [1, 1],
    );
    assert.equal(world.upstreamFor(VAULT)[0].path.split("/")[1], DEFAULT_APP.tenant);
    const named = await vault(new BrokerCredential({ ...own, credential: "default" })).getSecret("name");
    assert.equal(named.value, secret.value);
  }));

test("a refusal goes through the client of an SDK as it is", () =>
  using({}, async ({ world, api, own }) => {
    const key = `etb_${"A".repeat(43)}`;
    const blobs = new BlobServiceClient(`${api.url}/account`, new BrokerCredential({ ...own, key }));
    const error = await blobs
      .listContainers()
      .next()
      .catch((error) => error);
    assert.deepEqual([error.name, error.status], ["invalid_token", 401]);
    assert.deepEqual([(await world.logOf(error)).status, api.presented], [401, []]);
  }));

test("the credential is one by name, or by the tenant of the call", () =>
  using({}, async ({ world, own }) => {
    const billing = { ...own, key: BILLING.key };
    for (const [more, options] of [
      [{ credential: "billing" }, {}],
      [{}, { tenantId: "Contoso.onmicrosoft.com" }],
      [{ credential: "billing" }, { tenantId: DEFAULT_APP.tenant }],
    ]) {
      const { token } = await new BrokerCredential({ ...billing, ...more }).getToken(LEDGER, options);
      assert.deepEqual(world.authority.issued, [token]);
    }
    await assert.rejects(new BrokerCredential(billing).getToken(LEDGER), { name: "insufficient_scope", status: 403 });
  }));

test("a token is the same until refreshAfterTimestamp; then the broker has a newer one", () =>
  using(CLOCK, async ({ world, own }) => {
    const credential = new BrokerCredential(own);
    const started = Date.now();
    const { token, refreshAfterTimestamp, expiresOnTimestamp } = await credential.getToken(GRAPH);
    const [issued] = world.upstreamFor(GRAPH);
    assert.ok(issued && expiresOnTimestamp > started + 3_590_000 && expiresOnTimestamp < started + 3_600_000);
    const ahead = (ms) => world.fetch(`/clock?ahead=${ms}`);

    // The broker renews up to a tenth of the 15 minutes earlier.
    await ahead(refreshAfterTimestamp - started - 100_000);
    assert.equal((await credential.getToken(GRAPH)).token, token);
    assert.equal(world.upstreamFor(GRAPH).length, 1);
    await ahead(refreshAfterTimestamp - started + 5_000);
    let newer = token;
    for (let tries = 0; tries < 50 && newer === token; tries += 1) newer = (await credential.getToken(GRAPH)).token;
    assert.notEqual(newer, token);
    assert.equal(world.upstreamFor(GRAPH).length, 2);
  }));

test("a token has six minutes left, as for every client that keeps one", () =>
  using(CLOCK, async ({ world, own }) => {
    const credential = new BrokerCredential(own);
    const { token } = await credential.getToken(GRAPH);
    await world.fetch(`/clock?ahead=${(3600 - 350) * 1000}`);
    const newer = await credential.getToken(GRAPH);
    assert.notEqual(newer.token, token);
  }));
