// Configuration: both ways of writing it, and what a fault does (README). Every single fault has its
// test on the host; here is that they reach /readyz, the callers and the log in the right form.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { assertError, assertToken, assertUnavailable } from "./harness/expect.mjs";
import {
  BILLING,
  BILLING_APP,
  CACHE_KEY,
  CLIENTS,
  GRAPH,
  LEDGER,
  REPORTS,
  SINGLE,
  newClient,
} from "./harness/fixtures.mjs";
import { withWorld } from "./harness/world.mjs";

/** A value that a fault must not repeat. */
const PLANTED = "PlantedConfigurationValue";

const NO_DEFAULT = {
  AZ_TENANT: undefined,
  AZ_CLIENT_ID: undefined,
  AZ_CLIENT_SECRET: undefined,
  AZ_AUTHORITY_HOST: undefined,
};

const clientWith = (entry) => ({
  reports: { key_sha256: [REPORTS.digest], allow: [{ credential: "default", scope: GRAPH }], ...entry },
});
const credentialWith = (entry) => ({
  billing: { tenant: BILLING_APP.tenant, client_id: BILLING_APP.clientId, client_secret: "BILLING_SECRET", ...entry },
});

describe("a fault", { concurrency: 4 }, () => {
  for (const [what, bindings, ...fields] of [
    ["a missing AZ_TENANT", { AZ_TENANT: undefined }, "AZ_TENANT"],
    ["a missing AZ_CLIENT_SECRET", { AZ_CLIENT_SECRET: undefined }, "AZ_CLIENT_SECRET"],
    ["a malformed AZ_TENANT", { AZ_TENANT: `${PLANTED}/..` }, "AZ_TENANT"],
    ["http for a host that is not loopback", { AZ_AUTHORITY_HOST: `http://${PLANTED}.example` }, "AZ_AUTHORITY_HOST"],
    ["a CACHE_KEY that is not 32 bytes", { CACHE_KEY: Buffer.from(PLANTED).toString("base64") }, "CACHE_KEY"],
    ["a LOG_HITS that is no boolean", { LOG_HITS: PLANTED }, "LOG_HITS"],
    ["CLIENTS that is no JSON", { CLIENTS: `{"${PLANTED}":` }, "CLIENTS"],
    [
      "a duplicate key in CLIENTS",
      { CLIENTS: JSON.stringify(clientWith({})).replace(/^\{(.*)\}$/, "{$1,$1}") },
      "CLIENTS",
    ],
    ["an unknown field in CLIENTS", { CLIENTS: clientWith({ secret: PLANTED }) }, "CLIENTS"],
    ["a digest of the wrong length", { CLIENTS: clientWith({ key_sha256: [REPORTS.digest.slice(1)] }) }, "CLIENTS"],
    [
      "a keep_warm that is no boolean",
      { CLIENTS: clientWith({ allow: [{ credential: "default", scope: GRAPH, keep_warm: PLANTED }] }) },
      "CLIENTS",
    ],
    [
      "a grant for a credential that does not exist",
      { CLIENTS: clientWith({ allow: [{ credential: "nothing", scope: GRAPH }] }) },
      "CLIENTS",
    ],
    ["an unknown field in CREDENTIALS", { CREDENTIALS: credentialWith({ client_assertion: PLANTED }) }, "CREDENTIALS"],
    [
      "a secret binding that does not exist",
      { CREDENTIALS: credentialWith({ client_secret: "NO_SUCH_SECRET" }) },
      "CREDENTIALS",
    ],
    ["two faults at once", { AZ_CLIENT_ID: undefined, LOG_HITS: PLANTED }, "AZ_CLIENT_ID", "LOG_HITS"],
  ]) {
    test(`${what} turns /readyz and token requests into 503 and names the field in the log`, () =>
      withWorld({ bindings }, async (world) => {
        world.sweep.secret("configured value", PLANTED);

        const ready = await world.fetch("/readyz");
        assert.equal(ready.status, 503);
        assertUnavailable(await world.getToken({ scope: GRAPH }));
        const reply = await world.postToken({ scope: GRAPH });
        assertUnavailable(reply);

        const { faults, faults_count, status } = await world.logOf(ready);
        assert.equal(status, 503);
        assert.equal(faults_count, faults.length);
        for (const field of fields) {
          assert.ok(
            faults.some((fault) => new RegExp(`^${field}\\b[^:]*: \\S`).test(fault)),
            `no ${field} in ${faults}`,
          );
        }
        for (const fault of faults) {
          const [name] = fault.split(/[.:[ ]/);
          assert.ok(!ready.text.includes(fault) && !reply.text.includes(name), "the caller is told the reason");
        }
        const later = await world.logOf(reply);
        assert.deepEqual([later.status, later.faults, later.faults_count], [503, faults.slice(0, 1), faults_count]);
      }));
  }

  test("leaves /healthz and 404 as they are", () =>
    withWorld({ bindings: { AZ_TENANT: undefined } }, async (world) => {
      assert.equal((await world.fetch("/healthz")).status, 200);
      assertError(await world.fetch("/nothing"), 404, "not_found");
    }));

  test("in one credential keeps the others from being served, too: nothing is half valid", () =>
    withWorld({ bindings: { CREDENTIALS: credentialWith({ tenant: "" }) } }, async (world) => {
      assertUnavailable(await world.getToken({ client: SINGLE }));
    }));

  test("of having no credential at all is a fault", () =>
    withWorld({ bindings: { ...NO_DEFAULT, CREDENTIALS: undefined } }, async (world) => {
      const ready = await world.fetch("/readyz");
      assert.equal(ready.status, 503);
      assert.ok((await world.logOf(ready)).faults.length > 0);
    }));
});

describe("a valid configuration", { concurrency: 4 }, () => {
  test("may be JSON text in place of tables", () =>
    withWorld(
      {
        bindings: (authority_host) => ({
          CLIENTS: JSON.stringify(CLIENTS),
          CREDENTIALS: JSON.stringify(credentialWith({ authority_host })),
        }),
      },
      async (world) => {
        assert.equal((await world.fetch("/readyz")).status, 200);
        assertToken(await world.getToken({ scope: GRAPH }));
        assertToken(await world.getToken({ client: BILLING, credential: "billing" }));
      },
    ));

  test("needs no default credential where CREDENTIALS names one", () =>
    withWorld(
      {
        bindings: (authority_host) => ({
          ...NO_DEFAULT,
          CREDENTIALS: credentialWith({ authority_host }),
          CLIENTS: { [BILLING.id]: CLIENTS[BILLING.id] },
        }),
      },
      async (world) => {
        assert.equal((await world.fetch("/readyz")).status, 200);
        assertToken(await world.postToken({ client: BILLING, scope: LEDGER, path: "/billing/oauth2/v2.0/token" }));
        const reply = await world.postToken({ client: BILLING, scope: LEDGER });
        assertError(reply, 400, "unauthorized_client");
      },
    ));

  test("may have two keys for a client while one is being rotated", () => {
    const [old, next] = [newClient("reports"), newClient("reports")];
    return withWorld(
      { bindings: { CLIENTS: clientWith({ key_sha256: [old.digest, next.digest] }) } },
      async (world) => {
        const tokens = [
          assertToken(await world.getToken({ client: old })),
          assertToken(await world.postToken({ client: next })),
        ];
        assert.equal(tokens[0], tokens[1]);
      },
    );
  });

  test("may have digests in upper case", () =>
    withWorld({ bindings: { CLIENTS: clientWith({ key_sha256: [REPORTS.digest.toUpperCase()] }) } }, async (world) => {
      assertToken(await world.getToken({ client: REPORTS }));
    }));

  test("may hold client ids that have to be form-urlencoded", () => {
    const client = { ...newClient("team:reports & more"), key: "etb_p@ss:word+%&=" };
    client.digest = createHash("sha256").update(client.key).digest("hex");
    const bindings = {
      CLIENTS: { [client.id]: { key_sha256: [client.digest], allow: [{ credential: "default", scope: GRAPH }] } },
    };
    return withWorld({ bindings }, async (world) => {
      assertToken(await world.postTokenBasic({ client }));
      assertToken(await world.postToken({ client }));
    });
  });

  test("may have a CACHE_KEY", () =>
    withWorld({ bindings: { CACHE_KEY } }, async (world) => {
      assertToken(await world.getToken({ scope: GRAPH }));
    }));
});
