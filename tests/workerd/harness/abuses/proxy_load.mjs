// Attacks by the number and the slowness of requests to an API.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { GRAPH } from "../fixtures.mjs";
import { ASKING, USER, assertClean, withApi } from "../proxied.mjs";
import { answer } from "../recorder.mjs";
import { besiege } from "../traffic.mjs";
import { until } from "../until.mjs";

const CROWD = 1000;
const SLOW = 100;
const POSTS = { grant: { methods: ["GET", "POST"] } };
const head = (/** @type {string[]} */ ...fields) =>
  `POST /api/api/slow HTTP/1.1\r\n${[...ASKING, ...fields].join("\r\n")}\r\n\r\n`;

/** @type {[string, string, (tick: number) => string][]} */
const TRICKLES = [
  ["with a length", head("Content-Length: 16000"), () => "a"],
  ["in chunks", head("Transfer-Encoding: chunked"), () => "1\r\na\r\n"],
  ["that wait for 100 Continue", head("Expect: 100-continue", "Content-Length: 16000"), () => ""],
];

/** @type {Abuse[]} */
const slow = TRICKLES.map(([how, first, more]) => ({
  what: `bodies that trickle to an API, ${how}`,
  attack: () =>
    withApi(POSTS, async (proxied) => {
      const siege = await besiege({ port: proxied.world.broker.port, id: USER.id }, SLOW, first, more);
      for (let n = 0; n < 10; n += 1) {
        siege.tick();
        assert.equal((await proxied.send("GET /api/api/good")).status, 200, `beside ${n}`);
      }
      siege.leave();
      await until(() => proxied.api.open.size <= 1, 10_000);
      assert.equal((await proxied.send("GET /api/api/good")).status, 200, "afterwards");
      assertClean(proxied);
    }),
}));

/** @type {Abuse[]} */
export const ABUSES = [
  ...slow,
  {
    what: `${CROWD} callers at once cost one token, and each has its own answer`,
    attack: () =>
      withApi({ answer: ({ target }) => answer(200, target) }, async (proxied) => {
        const { world } = proxied;
        const paths = Array.from({ length: CROWD }, (_, n) => `/api/api/caller-${n}`);
        const headers = { Authorization: `Bearer ${USER.key}` };
        const replies = await Promise.all(paths.map((path) => world.fetch(path, { headers })));
        for (const [n, { status, text }] of replies.entries())
          assert.deepEqual([status, text], [200, `/base/caller-${n}`]);
        assert.equal(world.upstreamFor(GRAPH).length, 1);
        assertClean(proxied);
      }),
  },
  {
    what: "callers that go away leave nothing open at the API",
    attack: () =>
      withApi({ answer: ({ target }) => (target.includes("never") ? undefined : answer(200)) }, async (proxied) => {
        const never = `GET /api/api/never HTTP/1.1\r\n${ASKING.join("\r\n")}\r\n\r\n`;
        const siege = await besiege({ port: proxied.world.broker.port, id: USER.id }, SLOW, never);
        await until(() => proxied.api.requests.length >= SLOW, 10_000);
        siege.leave();
        await until(() => proxied.api.open.size <= 1, 10_000);
        assert.equal((await proxied.send("GET /api/api/good")).status, 200);
      }),
  },
  {
    what: "an answer without end to a caller that does not read it",
    attack: () =>
      withApi(
        {
          answer: ({ target, socket }) => {
            if (!target.includes("endless")) return answer(200);
            const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`;
            const pump = () => {
              while (socket.writable && socket.write(chunk));
              socket.once("drain", pump);
            };
            socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            pump();
            return undefined;
          },
        },
        async (proxied) => {
          const endless = `GET /api/api/endless HTTP/1.1\r\n${ASKING.join("\r\n")}\r\n\r\n`;
          // Without a listener for data, a socket does not read.
          const sockets = Array.from({ length: 10 }, () => connect(proxied.world.broker.port, "127.0.0.1"));
          for (const socket of sockets) socket.on("error", () => {}).write(endless);
          await until(() => proxied.api.requests.length >= 10, 10_000);
          for (let n = 0; n < 5; n += 1) {
            assert.equal((await proxied.send("GET /api/api/good")).status, 200);
            await delay(50); // Real time: what nobody reads would grow.
          }
          for (const socket of sockets) socket.resetAndDestroy();
          await until(() => proxied.api.open.size <= 1, 10_000);
        },
      ),
  },
  {
    what: "the log learns the path or the query of a request, or what a caller writes into its id",
    attack: () =>
      withApi({}, async (proxied) => {
        const secret = "very-private-segment-of-a-path";
        proxied.world.sweep.secret("path of a proxied request", secret);
        for (const target of [
          `/api/api/${secret}?q=${secret}`,
          `/api/api/%2e%2e%2f${secret}`,
          `/api/nothing/${secret}`,
        ])
          await proxied.send(`GET ${target}`);
        await proxied.send("GET /api/api/x", [...ASKING, 'X-Request-Id: a","outcome":"forged']);
        await until(() => proxied.world.broker.log.filter(({ route }) => route === "api").length >= 4);
        for (const line of proxied.world.broker.log) assert.notEqual(line.outcome, "forged");
      }),
  },
];
