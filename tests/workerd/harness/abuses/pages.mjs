// Attacks by pages of other origins, and by those who listen to plain http.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { sendTo } from "../addressed.mjs";
import { CLIENTS, GRAPH, REPORTS } from "../fixtures.mjs";
import { withWorld } from "../world.mjs";

const PAGE = "https://app.example";
const bindings = {
  REGISTRY_KEY: randomBytes(32).toString("base64"),
  CLIENTS: { ...CLIENTS, reports: { ...CLIENTS[REPORTS.id], origins: [PAGE] } },
};

/** Origins that only look like `PAGE`, or that no page can list. */
const FOREIGN = [
  "https://evil.example",
  "https://app.example.evil.example",
  "https://app.example:444",
  "http://app.example",
  "https://APP.example",
  "null",
  "*",
  "file://",
  `${PAGE}, https://evil.example`,
];

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "pages of other origins read a token, an error, or learn from a preflight",
    attack: () =>
      withWorld({ registry: true, bindings }, async (world) => {
        for (const Origin of FOREIGN) {
          const headers = { Origin };
          const replies = [
            await world.getToken({ scope: GRAPH, headers }),
            await world.getToken({ key: "wrong", headers }),
            await world.postToken({ scope: "other", headers }),
            await world.fetch("/token", { method: "OPTIONS", headers }),
            await world.fetch("/nowhere", { headers }),
          ];
          assert.deepEqual(
            replies.map(({ status }) => status),
            [200, 401, 400, 405, 404],
          );
          for (const { headers } of replies) assert.equal(headers.get("access-control-allow-origin"), null);
        }
      }),
  },
  {
    what: "a page of another origin reads a token while the registry is down",
    attack: () =>
      withWorld({ registry: true, bindings }, async (world) => {
        world.registry.reads = { status: 500 };
        for (const Origin of FOREIGN) {
          const reply = await world.getToken({ scope: GRAPH, headers: { Origin } });
          assert.deepEqual([reply.status, reply.headers.get("access-control-allow-origin")], [200, null]);
        }
      }),
  },
  {
    what: "a planted pointer that is too long opens preflights, as if the registry were down",
    attack: () =>
      withWorld({ registry: true, bindings }, async (world) => {
        const Origin = "https://evil.example";
        const value = Buffer.alloc(100_000, "x");
        world.registry.values.set(`origin:${Origin}`, { value, expiresAt: Infinity });
        for (let n = 0; n < 3; n += 1) {
          const asks = await world.fetch("/token", { method: "OPTIONS", headers: { Origin } });
          assert.deepEqual([asks.status, asks.headers.get("access-control-allow-origin")], [405, null]);
        }
      }),
  },
  {
    what: "a preflight has the broker permit all headers, or write a header of its own",
    attack: () =>
      withWorld({ bindings }, async (world) => {
        for (const named of ["*", "a, *", "x: y", 'x"y', "a b", "(a)", "x".repeat(5000)]) {
          const headers = { Origin: PAGE, "Access-Control-Request-Headers": named };
          const allowed = await world.fetch("/token", { method: "OPTIONS", headers });
          assert.equal(allowed.status, 200);
          const names = allowed.headers.get("access-control-allow-headers")?.split(", ") ?? [];
          assert.ok(names.length > 0 && names.every((name) => /^[A-Za-z-]{1,20}$/.test(name)), names.join());
        }
      }),
  },
  {
    what: "a client key over plain http gets a token, or is looked up, under names that look like this machine",
    attack: () =>
      withWorld({ registry: true, bindings }, async (world) => {
        const headers = { Authorization: `Bearer ${REPORTS.key}` };
        for (const host of [
          "broker.example",
          "localhost.evil.example",
          "evil-localhost",
          "127.0.0.1.evil.example",
          "128.0.0.1",
          "0.0.0.0",
          "[::]",
          "[::ffff:7f00:1]",
        ]) {
          const reply = await sendTo(world, { host, path: `/token?scope=${GRAPH}`, headers });
          assert.deepEqual([reply.status, reply.body.error], [400, "invalid_request"], host);
          // What a caller can write itself proves nothing.
          const claims = { "X-Forwarded-Proto": "https", "CF-Visitor": '{"scheme":"https"}', Forwarded: "proto=https" };
          const claimed = await sendTo(world, { host, path: "/token", headers: { ...headers, ...claims } });
          assert.equal(claimed.status, 400, host);
        }
        assert.equal(world.registry.operations.length + world.authority.requests.length, 0);
      }),
  },
];
