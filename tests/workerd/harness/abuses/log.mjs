// Attacks on the log: lines that readers lose, and lines that fill it.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";

import { GRAPH } from "../fixtures.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { withWorld } from "../world.mjs";

/** Separators of lines, changes of direction, controls, a mark, a character beyond 16 bits. */
const NASTY = ["\u2028", "\u2029", "\u0085", "\u202e", "\u2066", "\u007f", "\u009b31m", "\ufeff", "\u{1f600}", "\v\f"];

/** A line of the log as a reader of lines has to have it. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** So many faults have 19 kB as a list. */
const FAULTS = 200;

/** Requests by somebody without a proof. */
const REQUESTS = 25;

async function hideInSubjects() {
  const issuer = await Issuer.start(newKey("ES256"));
  const allow = [{ credential: "default", scope: GRAPH }];
  // A private issuer, whose subjects are whatever its users call themselves.
  const CLIENTS = { users: { jwt: [{ issuer: issuer.url, audience: AUDIENCE }], allow } };
  try {
    await withWorld({ bindings: { CLIENTS } }, async (world) => {
      for (const sign of NASTY) {
        const sub = `robot${sign}{"level":"info"}`;
        const headers = { Authorization: `Bearer ${issuer.sign({ sub })}` };
        const reply = await world.fetch(`/token?scope=${GRAPH}`, { headers });
        assert.equal(reply.status, 200, reply.text);
        const { subject, client_id } = await world.logOf(reply);
        assert.deepEqual([subject, client_id], [sub, "users"], "the record of who got the token");
      }
      for (const line of world.broker.printed(/request_id/)) assert.match(line, PRINTABLE);
    });
  } finally {
    await issuer.close();
  }
}

async function fillByFaults() {
  const faulty = Array.from({ length: FAULTS }, (_, n) => [`client-without-a-proof-${n}`, { allow: [] }]);
  await withWorld({ bindings: { CLIENTS: Object.fromEntries(faulty) } }, async (world) => {
    const replies = [];
    for (let n = 0; n < REQUESTS; n += 1) {
      replies.push(await world.fetch(n % 2 ? "/token" : "/readyz"));
      replies.push(await world.fetch("/oauth2/v2.0/token", { method: "POST", body: new URLSearchParams({ n: "1" }) }));
    }
    for (const reply of replies) {
      assert.equal(reply.status, 503);
      await world.logOf(reply);
    }
    const [first = "", ...others] = world.broker.printed(/request_id/);
    const { faults_count, faults } = JSON.parse(first);
    assert.ok(faults_count >= FAULTS && faults.length === faults_count, "the first line has all of them");
    for (const line of others) {
      assert.ok(line.length < 1000, `${line.length} characters`);
      assert.equal(JSON.parse(line).faults_count, faults_count);
    }
  });
}

/** @type {Abuse[]} */
export const ABUSES = [
  { what: "a subject with signs that readers of lines take for an end", attack: hideInSubjects },
  { what: "requests to a broker with a faulty configuration", attack: fillByFaults },
];
