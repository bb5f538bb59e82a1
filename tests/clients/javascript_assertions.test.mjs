// `@azure/identity` without a key: with the JWT of a Kubernetes service account, and with one of GitHub Actions.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { GRAPH } from "../workerd/harness/fixtures.mjs";
import { NBF } from "./harness/api.mjs";
import { start } from "./harness/javascript.mjs";
import { assertShown, startLibrary, tokenOf } from "./harness/libraries.mjs";
import { Cluster, REFUSED, SITUATIONS } from "./harness/pod.mjs";

const ROW = "`@azure/identity`, service account or job";
const WORKLOAD = "js-azure-identity-workload";

let cluster, world;
before(async () => {
  cluster = await Cluster.open(start);
  world = cluster.world;
});
after(() => cluster?.close());

const tokenFor = async (name, own) => tokenOf(world, await (await cluster.start(name, own)).call());

test("a service account's token, from as many processes as there are", async () => {
  const jwt = cluster.jwt();
  assert.equal(await tokenFor(WORKLOAD, { jwt }), await tokenFor(WORKLOAD, { jwt }));
});

test("with the claims of a challenge there is a new token", async () => {
  const rejected = await tokenFor(WORKLOAD);
  const texts = { [`getToken("${GRAPH}"`]: `getToken("${GRAPH}", { claims: '${NBF}' }` };
  assert.notEqual(await tokenFor(WORKLOAD, { texts }), rejected);
});

describe("in a pod", { concurrency: true }, () => {
  test("the managed identity is the service account, with no option at all", () =>
    tokenFor("js-azure-identity-managed-identity", { env: { AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" } }));

  test("DefaultAzureCredential takes the service account, with one option", () => {
    const options = "{ disableInstanceDiscovery: true }";
    const texts = { "new DefaultAzureCredential()": `new DefaultAzureCredential(${options})` };
    return tokenFor("js-azure-identity-managed-identity", { texts });
  });

  for (const { what, claims } of REFUSED) {
    test(`${what} is refused`, async () => {
      const program = await cluster.start(WORKLOAD, { jwt: cluster.jwt(claims) });
      assertShown(world, ROW, "Wrong client key", await program.call());
    });
  }

  for (const situation of SITUATIONS) {
    test(situation.column, () => cluster.shows(ROW, WORKLOAD, situation));
  }
});

test("a job of GitHub Actions", async () => {
  const asked = [];
  const github = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    response.end(JSON.stringify({ value: cluster.jwt() }));
  }).listen(0, "127.0.0.1");
  await once(github, "listening");
  try {
    const program = await startLibrary(
      world,
      { block: "js-azure-identity-assertion", env: ["environment", "environment-authority"], start },
      {
        env: {
          ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${github.address().port}/idtoken?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
        },
      },
    );
    tokenOf(world, await program.call());
    const url = `/idtoken?api-version=2.0&audience=${world.broker.url}`;
    for (const request of asked) assert.deepEqual(request, { url, authorization: "Bearer request-token" });
  } finally {
    github.close();
    github.closeAllConnections();
  }
});
