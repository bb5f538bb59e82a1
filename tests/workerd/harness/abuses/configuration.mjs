// Attacks on what an operator pastes or writes in good faith: keys that everybody knows, and pins that anybody fits. The
// broker has to refuse the configuration, because it cannot tell the attacker from the client.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { Claims } from "../issuer.mjs" */

import assert from "node:assert/strict";

import { keyDigest } from "../../../../cli/lib/client-key.mjs";
import { GRAPH } from "../fixtures.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { withWorld } from "../world.mjs";

const allow = [{ credential: "default", scope: GRAPH }];
const GITHUB = "https://token.actions.githubusercontent.com";

/**
 * The key is one that everybody tries.
 * @param {string} key
 * @returns {() => Promise<void>}
 */
const knownKey = (key) => () =>
  withWorld({ bindings: { CLIENTS: { reports: { key_sha256: [keyDigest(key)], allow } } } }, async (world) => {
    const byKey = await world.getToken({ scope: GRAPH, key });
    assert.notEqual(byKey.status, 200, "a token for a key that everybody knows");
    const bySecret = await world.postToken({ scope: GRAPH, client: { id: "reports", key } });
    assert.notEqual(bySecret.status, 200, "a token for a secret that everybody knows");
    assert.equal((await world.fetch("/readyz")).status, 503);
  });

/**
 * Anybody gets a JWT with these claims from the issuer, for any audience. Here an issuer on loopback signs it.
 * @param {string} iss
 * @param {Record<string, unknown>} pins
 * @param {Claims} claims
 * @returns {() => Promise<void>}
 */
const anybody = (iss, pins, claims) => async () => {
  const issuer = await Issuer.start(newKey("ES256"));
  const jwt = [{ issuer: iss, audience: AUDIENCE, jwks_uri: issuer.jwksUri, ...pins }];
  try {
    await withWorld({ bindings: { CLIENTS: { deploy: { jwt, allow } } } }, async (world) => {
      const headers = { Authorization: `Bearer ${issuer.sign({ iss, ...claims })}` };
      const reply = await world.fetch(`/token?scope=${encodeURIComponent(GRAPH)}`, { headers });
      assert.notEqual(reply.status, 200, "a token for anybody's workflow");
      assert.equal((await world.fetch("/readyz")).status, 503);
    });
  } finally {
    await issuer.close();
  }
};

/** @type {Abuse[]} */
export const ABUSES = [
  { what: "the key whose digest was an example in the README", attack: knownKey("password") },
  { what: "the same with the line break that echo writes", attack: knownKey("password\n") },
  { what: "a key that everybody tries", attack: knownKey("changeme") },
  {
    what: "anybody at Google, under the other name of the issuer",
    attack: anybody("accounts.google.com", {}, { sub: "110248495921238986420" }),
  },
  {
    what: "an environment of the same name in anybody's repository",
    attack: anybody(GITHUB, { subject: "environment:production" }, { sub: "environment:production" }),
  },
  {
    what: "anybody's pull request, beside a subject that says who",
    attack: anybody(GITHUB, { subject: ["repo:octo/app:pull_request", "pull_request"] }, { sub: "pull_request" }),
  },
  {
    what: "anybody in the enterprise with an issuer of its own",
    attack: anybody(`${GITHUB}/octo-inc`, { claims: { environment: "production" } }, { environment: "production" }),
  },
  {
    what: "anybody's run at HCP Terraform",
    attack: anybody("https://app.terraform.io", {}, { sub: "organization:evil:project:p:workspace:w:run_phase:plan" }),
  },
  {
    what: "anybody's project at Vercel",
    attack: anybody(
      "https://oidc.vercel.com",
      { claims: { environment: "production" } },
      { sub: "owner:evil:project:p:environment:production", environment: "production" },
    ),
  },
];
