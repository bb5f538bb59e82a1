// Attacks by way of an API's 401: on the authorization server, and on the token that others use.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { Proxied } from "../proxied.mjs" */
/** @import { Answer } from "../recorder.mjs" */

import assert from "node:assert/strict";

import { GRAPH } from "../fixtures.mjs";
import { TWO_ISOLATES } from "../fronts.mjs";
import { ASKING, OTHER_USER, USER, assertClean, withApi } from "../proxied.mjs";
import { answer } from "../recorder.mjs";

const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const base64 = (/** @type {string} */ text) => Buffer.from(text).toString("base64");

/** @type {[string, { around: import("../world.mjs").WorldOptions }][]} */
const WAYS = [
  ["with coordinators", { around: { front: TWO_ISOLATES } }],
  ["without coordinators", { around: { coordinator: false } }],
];

/** What an API may write into `WWW-Authenticate`. */
const CHALLENGES = [
  "Bearer",
  `Bearer error="insufficient_claims", claims="${base64(NBF)}"`,
  `Bearer claims="${base64('{"access_token":{"xms_cc":{"values":["CP1"]},"nbf":{"value":"1"}}}')}"`,
  `Bearer claims="${base64('{"access_token":{"acrs":{"value":"c1"}}}')}"`,
  'Bearer claims="%%%"',
  'Bearer claims="',
  `Bearer claims="${base64("[".repeat(20_000))}"`,
  `Bearer claims="${base64(`{"access_token":{"nbf":{"value":"${"1".repeat(50_000)}"}}}`)}"`,
  `${"Bearer a=b, ".repeat(2000)}`,
  'Basic realm="give me a password"',
  'Digest realm="x", nonce="y"',
  "\xff\xfe",
  ",,,,",
];

/** @type {Answer} Each path under `/base/bad` is 401; every other one takes each token. */
const picky = ({ target }) =>
  target.startsWith("/base/bad")
    ? answer(401, "{}", `WWW-Authenticate: ${CHALLENGES[Number(/\d+$/.exec(target)?.[0] ?? 0)]}`)
    : answer(200, "{}");

const asOther = ["Host: localhost", `Authorization: Bearer ${OTHER_USER.key}`];

/** @param {Proxied} proxied */
async function assertOthersAreServed({ send }) {
  for (const isolate of ["BROKER", "OTHER"])
    assert.equal((await send("GET /api/api/good", [...asOther, `isolate: ${isolate}`])).status, 200);
}

/**
 * @param {Proxied} proxied
 * @param {number} most
 */
function assertFew({ world }, most) {
  const sent = world.upstreamFor(GRAPH).length;
  assert.ok(sent <= most, `${sent} requests to the authorization server`);
}

/** @type {Abuse[]} */
const forever = WAYS.map(([how, options]) => ({
  what: `an API that answers 401 for ever, ${how}`,
  attack: () =>
    withApi({ ...options, answer: picky }, async (proxied) => {
      for (let n = 0; n < 10; n += 1) assert.equal((await proxied.send("GET /api/api/bad")).status, 401);
      const crowd = Array.from({ length: 40 }, () => proxied.send("GET /api/api/bad"));
      for (const { status } of await Promise.all(crowd)) assert.equal(status, 401);
      // The first token, one forced request of each isolate's own coordinator or of the isolate, and no more for a minute.
      assertFew(proxied, 2);
      assert.ok(proxied.api.requests.length <= 100, `${proxied.api.requests.length}: each at most twice`);
      await assertOthersAreServed(proxied);
      assertClean(proxied);
    }),
}));

/** @type {Abuse[]} */
const challenged = WAYS.map(([how, options]) => ({
  what: `an API that challenges with every kind of claims, ${how}`,
  attack: () =>
    withApi({ ...options, answer: picky }, async (proxied) => {
      for (let round = 0; round < 2; round += 1)
        for (const n of CHALLENGES.keys()) {
          const { status, text } = await proxied.send(`GET /api/api/bad/${n}`);
          assert.equal(status, 401, `${n}: ${text.slice(0, 200)}`);
        }
      // Requests with claims and those without have a spacing of their own.
      assertFew(proxied, 3);
      for (const { params } of proxied.world.upstreamFor(GRAPH))
        assert.ok(!/xms_cc|acrs/.test(params.claims ?? ""), "claims that make another token of it");
      await assertOthersAreServed(proxied);
    }),
}));

/** @type {Abuse[]} */
const taken = WAYS.flatMap(([how, options]) =>
  Object.entries({ refuses: { refuse: 7000222 }, fails: { fail: { status: 500 } }, hangs: { reset: true } }).map(
    ([end, fault]) => ({
      what: `one client's 401s take the token from others while the authorization server ${end}, ${how}`,
      attack: () =>
        withApi({ ...options, answer: picky }, async (proxied) => {
          await assertOthersAreServed(proxied);
          proxied.world.authority.always(fault);
          for (const path of ["bad", "bad/1", "bad"]) {
            assert.equal((await proxied.send(`GET /api/api/${path}`)).status, 401, "the API's answer");
            await assertOthersAreServed(proxied);
          }
          proxied.world.authority.always(null);
          await assertOthersAreServed(proxied);
        }),
    }),
  ),
);

/** @type {Abuse[]} */
export const ABUSES = [
  ...forever,
  ...challenged,
  ...taken,
  {
    what: "a request whose body is too long to repeat is sent twice, or in part",
    attack: () =>
      withApi({ answer: picky, grant: { methods: ["POST"] } }, async (proxied) => {
        for (const length of [0, 1, 65_536, 65_537, 300_000])
          for (const path of ["bad", "good"]) {
            const before = proxied.api.requests.length;
            const body = "x".repeat(length);
            await proxied.send(`POST /api/api/${path}/${length}-bytes`, [...ASKING, `Content-Length: ${length}`], body);
            const sent = proxied.api.requests.slice(before);
            assert.ok(sent.length <= (path === "bad" && length <= 65_536 ? 2 : 1), `${sent.length} × ${length}`);
            for (const one of sent) assert.ok(one.body === body, "the whole body");
          }
        assertFew(proxied, 2);
      }),
  },
  {
    what: "a 401 of the API makes a browser or a library look for other credentials of the broker",
    attack: () =>
      withApi({ answer: picky }, async ({ send, world }) => {
        const { status, headers } = await send("GET /api/api/bad/9");
        assert.equal(status, 401);
        assert.equal(
          headers.get("www-authenticate"),
          CHALLENGES[9],
          "the API's own, and no Cache-Status of the broker",
        );
        assert.ok(!headers.get("cache-status")?.includes("detail="));
        assert.ok(!world.broker.printed(/request_id/).some((line) => line.includes(USER.key)));
      }),
  },
];
