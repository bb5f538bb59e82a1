// A client assertion whose request is lost by a panic: a real one, as in coordinator_panic.test.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { TWO_ISOLATES, coordinatorWith } from "./harness/fronts.mjs";
import { AUDIENCE, Issuer } from "./harness/issuer.mjs";
import { newKey } from "./harness/jose.mjs";
import { until } from "./harness/until.mjs";
import { withWorld } from "./harness/world.mjs";

/** The second message to a coordinator makes the wasm panic. */
const PANICS_ONCE = coordinatorWith(
  `fetch(request) {
    if (++messages === 2) failOnce();
    return super.fetch(request);
  }`,
  `
let messages = 0;
function failOnce() {
  const fair = crypto.getRandomValues;
  crypto.getRandomValues = () => {
    crypto.getRandomValues = fair;
    throw new Error("told to fail");
  };
}`,
);

const PANIC = /panicked at src\/adapters\/entropy\.rs/;

let issuer;
before(async () => (issuer = await Issuer.start(newKey("ES256"))));
after(() => issuer?.close());

test("a request that begins anew after a panic has its assertion still, and afterwards nobody has", () => {
  const allow = [{ credential: "default", scope: GRAPH }];
  const CLIENTS = { cron: { jwt: [{ issuer: "cron", audience: AUDIENCE, jwks_uri: issuer.jwksUri }], allow } };
  const options = { front: TWO_ISOLATES, coordinator: { source: PANICS_ONCE }, breaks: true };
  return withWorld({ ...options, bindings: { CLIENTS } }, async (world) => {
    const [first, second] = [0, 1].map(() => issuer.sign({ iss: "cron", sub: "cron" }));
    const post = (isolate, client_assertion) =>
      world.fetch("/oauth2/v2.0/token", {
        method: "POST",
        headers: { isolate },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          scope: GRAPH,
          client_assertion,
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }),
      });
    world.authority.next({ scope: GRAPH, slow: 3000 });
    const lost = [post("BROKER", first)];
    await until(() => world.upstreamFor(GRAPH).length === 1);
    lost.push(post("BROKER", second));
    await until(() => world.broker.printed(PANIC).length === 1);
    (await Promise.all(lost)).forEach(assertToken);
    for (const isolate of ["BROKER", "OTHER"])
      for (const jwt of [first, second]) assertTokenError(await post(isolate, jwt), 401, "invalid_client");
    assert.equal(world.broker.printed(PANIC).length, 1);
  });
});
