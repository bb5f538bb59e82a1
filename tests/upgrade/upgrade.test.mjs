// From the last release to this build, and back: what the one has stored, the other reads. Both are real bundles in real
// workerd, with the KV namespace and the Durable Objects' storage of one deployment.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { parse } from "smol-toml";

import { assertHit, assertToken, assertTokenError, assertUnavailable } from "../workerd/harness/expect.mjs";
import { GRAPH, REPORTS, SCOPES } from "../workerd/harness/fixtures.mjs";
import { AUDIENCE, Issuer } from "../workerd/harness/issuer.mjs";
import { newKey } from "../workerd/harness/jose.mjs";
import { until } from "../workerd/harness/until.mjs";
import { openWorld } from "../workerd/harness/world.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The last release. `tests/scripts/versions.test.mjs` holds it against the CHANGELOG. */
const [RELEASE] = readdirSync(join(ROOT, "tests", "upgrade")).filter((name) => /^v\d/.test(name));
const released = join(ROOT, "tests", "upgrade", RELEASE);
const built = join(ROOT, "dist");

const allow = [GRAPH, ...SCOPES].map((scope) => ({ credential: "default", scope }));

for (const [what, from, to] of [
  [`from ${RELEASE} to this build`, released, built],
  [`back from this build to ${RELEASE}`, built, released],
]) {
  describe(what, () => {
    let issuer;
    let bindings;
    let world;
    before(async () => {
      issuer = await Issuer.start(newKey("ES256"));
      const cron = { jwt: [{ issuer: "cron", audience: AUDIENCE, jwks_uri: issuer.jwksUri }], allow };
      bindings = { CLIENTS: { cron, [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };
      world = await openWorld({ bindings, coordinator: { durable: true }, bundle: from });
    });
    after(async () => {
      await world?.close();
      await issuer?.close();
    });

    const move = (bundle) => world.restart(bindings, { bundle });
    const post = (assertion) =>
      world.fetch("/oauth2/v2.0/token", {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          scope: GRAPH,
          client_assertion: assertion,
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }),
      });

    test("tokens in KV are served, and upstream is not asked", async () => {
      const scopes = Array.from({ length: 3 }, () => world.newScope());
      const first = [];
      for (const scope of scopes) first.push(assertToken(await world.getToken({ scope })));
      await until(() => world.kv.puts.length >= scopes.length);
      await move(to);
      for (const [n, scope] of scopes.entries()) {
        const again = await world.getToken({ scope });
        assertHit(again, "kv");
        assert.equal(assertToken(again), first[n]);
        assert.equal(world.upstreamFor(scope).length, 1);
      }
      await move(from);
    });

    test("tokens in the coordinators are served when KV has lost them", async () => {
      const scope = world.newScope();
      const puts = world.kv.puts.length;
      const first = assertToken(await world.getToken({ scope }));
      await until(() => world.kv.puts.length > puts);
      world.kv.values.clear();
      await move(to);
      const again = await world.getToken({ scope });
      assertHit(again, "coordinator");
      assert.equal(assertToken(again), first);
      assert.equal(world.upstreamFor(scope).length, 1);
      await move(from);
    });

    test("what upstream refused and throttled is remembered", async () => {
      const [refused, throttled] = [world.newScope(), world.newScope()];
      world.authority.next({ scope: refused, refuse: 7000222 });
      world.authority.next({ scope: throttled, throttle: { retryAfter: 30 } });
      const first = await world.getToken({ scope: refused });
      assertUnavailable(await world.getToken({ scope: throttled }));
      await move(to);
      const again = await world.getToken({ scope: refused });
      assertTokenError(again, 502, "server_error");
      assert.deepEqual(again.body.error_codes, first.body.error_codes);
      assert.ok(assertUnavailable(await world.getToken({ scope: throttled })) <= 30);
      for (const scope of [refused, throttled]) assert.equal(world.upstreamFor(scope).length, 1);
      await move(from);
    });

    test("a used client assertion stays used", async () => {
      const used = issuer.sign({ iss: "cron", sub: "cron" });
      assertToken(await post(used));
      await move(to);
      assertTokenError(await post(used), 401, "invalid_client");
      assertToken(await post(issuer.sign({ iss: "cron", sub: "cron" })));
      await move(from);
    });

    // Real time is the subject.
    test("an alarm goes on, and renews the token", async () => {
      const scope = world.newScope();
      world.authority.next({ scope, token: { expires_in: 12, refresh_in: 3 } });
      assertToken(await world.getToken({ scope }));
      await move(to);
      await until(() => world.upstreamFor(scope).length === 2, 8000);
      await move(from);
    });
  });
}

test("migrations of Durable Objects are only added", async () => {
  const migrations = async (path) => parse(await readFile(path, "utf8")).migrations;
  const before = await migrations(join(released, "wrangler.toml"));
  for (const path of ["wrangler.toml", join("template", "wrangler.toml")])
    assert.deepEqual((await migrations(join(ROOT, path))).slice(0, before.length), before, path);
});
