// A broker with an API behind it that is written down, and a server beside it that no request may reach.

/** @import { Answer, Received } from "./recorder.mjs" */
/** @import { WorldOptions } from "./world.mjs" */

import assert from "node:assert/strict";

import { GRAPH, newClient } from "./fixtures.mjs";
import { bytesOf, exchange, parsed } from "./raw.mjs";
import { Recorder, valueOf } from "./recorder.mjs";
import { withWorld } from "./world.mjs";

/** The path of the API's `base`. */
export const BASE = "/base";

/** A client that may use the API, and gets no token. */
export const USER = newClient("user");
/** Another one, with a grant for the same token. */
export const OTHER_USER = newClient("other-user");

/** @typedef {Parameters<Parameters<typeof withWorld>[1]>[0]} World */

/**
 * @typedef {object} Proxied
 * @property {World} world
 * @property {Recorder} api
 * @property {Recorder} victim
 * @property {(line: string, fields?: string[], body?: string) => ReturnType<typeof send>} send As USER.
 */

/**
 * @typedef {object} ProxiedOptions
 * @property {Answer} [answer] What the API answers.
 * @property {Record<string, unknown>} [api] More of its entry in `APIS`.
 * @property {Record<string, unknown>} [grant] More of the grant.
 * @property {(urls: { api: string, victim: string }) => Record<string, unknown>} [apis] More entries.
 * @property {Record<string, unknown>} [client] More of the entry of USER.
 * @property {WorldOptions} [around]
 */

/**
 * @param {ProxiedOptions} options
 * @param {(proxied: Proxied) => Promise<void>} body
 */
export async function withApi({ answer, api: entry = {}, grant = {}, apis, client = {}, around = {} }, body) {
  const [api, victim] = await Promise.all([Recorder.start(answer), Recorder.start()]);
  try {
    const more = apis?.({ api: api.url, victim: victim.url }) ?? {};
    const allow = [{ api: "api", ...grant }, ...Object.keys(more).map((name) => ({ api: name }))];
    const bindings = {
      APIS: { api: { base: api.url + BASE, credential: "default", scope: GRAPH, ...entry }, ...more },
      CLIENTS: {
        [USER.id]: { key_sha256: [USER.digest], allow, ...client },
        [OTHER_USER.id]: { key_sha256: [OTHER_USER.digest], allow },
      },
    };
    await withWorld({ bindings, ...around }, async (world) => {
      for (const { key } of [USER, OTHER_USER]) world.sweep.secret("client key", key);
      await body({ world, api, victim, send: (...request) => send(world, ...request) });
      assert.equal(victim.connections, 0, "somebody called the victim");
    });
  } finally {
    await Promise.all([api.close(), victim.close()]);
  }
}

/** The fields of a request of USER. */
export const ASKING = ["Host: localhost", `Authorization: Bearer ${USER.key}`];

/**
 * @param {World} world
 * @param {string} line
 */
async function send(world, line, fields = ASKING, body = "") {
  const answer = await exchange(world.broker.port, bytesOf(line, fields, body));
  world.sweep.record("answer at /api", answer);
  return parsed(answer);
}

/** What no API may get, whatever a caller sends: proofs, cookies, and what proxies and gateways believe. */
const NEVER = new RegExp(
  "^(cookie|x-identity-header|dpop|cf-.*|proxy-.*|te|trailer|expect|keep-alive|forwarded|x-forwarded-.*|" +
    "x-real-ip|true-client-ip|x-client-ip|x-cluster-client-ip|client-cert.*|x-http-method.*|x-method-override|" +
    "x-original-ur[il]|x-rewrite-url|x-host)$",
);

/**
 * Each request is one that the broker may send: to the API, under its base, with one good token and no proof of a caller.
 * @param {Proxied} proxied
 */
export function assertClean({ world, api }, header = "authorization", prefix = "Bearer ") {
  for (const { target, fields, body } of api.requests) {
    assert.ok(isConfined(target), `the API got ${target.slice(0, 200)}`);
    const names = fields.map(([name]) => name.trim());
    assert.deepEqual(
      names.filter((name) => NEVER.test(name.replaceAll("_", "-"))),
      [],
    );
    assert.equal(valueOf(fields, "host"), api.host);
    const tokens = fields.filter(([name]) => name === header).map(([, value]) => value);
    assert.equal(tokens.length, 1, `${tokens.length} × ${header}`);
    assert.ok(
      world.authority.issued.some((token) => tokens[0] === prefix + token),
      "the token",
    );
    const whole = JSON.stringify([target, fields, body]);
    for (const { id, key } of [USER, OTHER_USER])
      for (const spelling of [key, Buffer.from(key).toString("hex"), btoa(`${id}:${key}`)])
        assert.ok(!whole.includes(spelling), "the API got a client key");
  }
}

/**
 * Whether a request target stays under the base, also for a server that decodes it several times, takes `\` for `/`, or
 * drops what follows a `;`.
 * @param {string} target
 */
export const isConfined = (target) =>
  /^\/base(?=[/?]|$)/.test(target) && segmentsOf(target).every((segment) => !/^\.{1,2}$/.test(segment));

/**
 * The segments of the path of a request target, as the most careless server reads them.
 * @param {string} target
 */
export function segmentsOf(target) {
  let path = target.replace(/\?.*$/s, "");
  for (let before = ""; before !== path;) {
    before = path;
    path = path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  return path.split(/[/\\]/).map((segment) => segment.replace(/[;\0].*$/s, ""));
}
