// Attacks by an API, or by a server that answers in its place: on the broker, on other callers, and on other servers.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { Answer } from "../recorder.mjs" */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";

import { GRAPH } from "../fixtures.mjs";
import { ASKING, OTHER_USER, USER, assertClean, withApi } from "../proxied.mjs";
import { bytesOf, exchange, parsed } from "../raw.mjs";
import { answer } from "../recorder.mjs";
import { until } from "../until.mjs";

const MEGABYTE = 1_000_000;

/** Fields of an API that would hold for the broker's whole origin, or that are the broker's own. */
const FOR_THE_ORIGIN = [
  "Set-Cookie: session=api; Path=/",
  "Set-Cookie: second=api",
  "Set-Cookie2: third=api",
  'Alt-Svc: h3="evil.example:443"',
  "Access-Control-Allow-Origin: *",
  "Access-Control-Allow-Credentials: true",
  "Access-Control-Allow-Headers: *",
  "Access-Control-Expose-Headers: *",
  "Proxy-Authenticate: Basic",
  "Proxy-Connection: close",
  "Connection: x-hop",
  "X-Hop: 1",
  "Keep-Alive: timeout=1",
];

const second = answer(200, '{"poisoned":true}', "Content-Type: application/json");

/** @type {[string, string][]} Method, and an answer to it that leaves another one behind on its connection. */
const LEAVING = [
  ["GET", answer(200) + second],
  ["HEAD", answer(200, second)],
  ["GET", `HTTP/1.1 204 No Content\r\n\r\n${second}`],
  ["GET", `HTTP/1.1 204 No Content\r\nContent-Length: ${second.length}\r\n\r\n${second}`],
  ["GET", `HTTP/1.1 304 Not Modified\r\nContent-Length: ${second.length}\r\n\r\n${second}`],
  ["GET", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n${second}`],
  ["GET", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n${second}`],
  ["GET", `HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n${second}`],
];

/** @type {Record<string, string>} Answers that are none, or that are too much. */
const NONSENSE = {
  "no status": "nonsense\r\n\r\n",
  "a status of two digits": "HTTP/1.1 20 OK\r\n\r\n",
  "a status of 999": "HTTP/1.1 999 Words\r\nContent-Length: 0\r\n\r\n",
  "HTTP/0.9": "<html>hello</html>",
  "HTTP/2": "HTTP/2.0 200\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "a length and chunks":
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
  "chunks that are none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "a switch of protocols": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  "a thousand interim answers": "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000) + answer(200),
  "early hints": "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(200),
  "a field of 2 MB": answer(200, "", `X-Giant: ${"x".repeat(2 * MEGABYTE)}`),
  "20,000 fields": answer(200, "", ...Array.from({ length: 20_000 }, (_, n) => `X-${n}: ${n}`)),
  "a status line of 2 MB": `HTTP/1.1 200 ${"x".repeat(2 * MEGABYTE)}\r\nContent-Length: 0\r\n\r\n`,
  "a name with a space": answer(200, "", "X Y: z"),
  "a field without a name": answer(200, "", ": z"),
  "a NUL in a field": answer(200, "", "X-A: a\0b"),
  "bytes that are no text": answer(200, "", "X-A: \xff\xfe\x80"),
  "a request id with signs": answer(200, "", 'X-Request-Id: "},{"level":"error"'),
};

/**
 * With APIs that a relay leads back to the broker.
 * @param {(proxied: import("../proxied.mjs").Proxied) => Promise<void>} body
 */
async function withLoop(body) {
  let port = 0;
  let rounds = 0;
  const relay = createServer((socket) => {
    rounds += 1;
    const onward = connect(port, "127.0.0.1");
    for (const end of [socket, onward]) end.on("error", () => [socket, onward].forEach((other) => other.destroy()));
    socket.pipe(onward).pipe(socket);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const address = relay.address();
  const own = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const api = { credential: "default", scope: GRAPH };
  try {
    const apis = () => ({ loop: { base: `${own}/api/loop`, ...api }, itself: { base: own, ...api } });
    await withApi({ apis }, async (proxied) => {
      port = proxied.world.broker.port;
      await body(proxied);
      assert.ok(rounds <= 8, `${rounds} rounds`);
    });
  } finally {
    relay.close();
  }
}

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "an API that redirects to another server",
    attack: () => {
      let victim = "";
      const redirect = () => answer(0, "", `Location: http://${victim}/stolen`, `Refresh: 0; url=http://${victim}`);
      /** @type {Answer} */
      const answerOf = ({ target }) => redirect().replace(" 0 ", ` ${target.slice(-3)} `);
      return withApi({ answer: answerOf, grant: { methods: ["GET", "POST"] } }, async (proxied) => {
        victim = proxied.victim.host;
        for (const status of [300, 301, 302, 303, 305, 307, 308])
          for (const method of ["GET", "POST"]) {
            const told = await proxied.send(`${method} /api/api/${status}`, [...ASKING, "Content-Length: 1"], "x");
            assert.equal(told.status, status);
            assert.equal(told.headers.get("location"), `http://${victim}/stolen`, "as the API said it");
          }
        assert.equal(proxied.api.requests.length, 14);
      });
    },
  },
  {
    what: "an API that echoes what it got gives its own token away, and no proof of the caller",
    attack: () =>
      withApi({ answer: ({ fields }) => answer(200, JSON.stringify(fields)) }, async ({ world }) => {
        // Not recorded: what the test shows is that the token is in this answer.
        const request = bytesOf("GET /api/api/echo", [...ASKING, "Cookie: a=b", "X-Mine: yes"]);
        const { text } = parsed(await exchange(world.broker.port, request));
        assert.ok(text.includes(world.authority.issued[0] ?? "none"), "the threat model says so");
        assert.ok(text.includes("x-mine") && !text.includes(USER.key) && !text.includes("cookie"));
      }),
  },
  {
    what: "an API that sets cookies, other services and permissions for the broker's origin",
    attack: () =>
      withApi({ answer: () => answer(200, "{}", ...FOR_THE_ORIGIN) }, async (proxied) => {
        for (const fields of [ASKING, [...ASKING, "Origin: https://evil.example"]]) {
          const { status, headers } = await proxied.send("GET /api/api/x", fields);
          assert.equal(status, 200);
          const passed = [...headers.keys()].filter((name) =>
            /^(set-cookie|alt-svc|access-control|proxy-|x-hop|keep-alive)/.test(name),
          );
          assert.deepEqual(passed, []);
        }
      }),
  },
  {
    what: "an API that answers nonsense, or without end",
    attack: () =>
      withApi(
        {
          api: { first_byte_timeout: 2 },
          answer: ({ target, socket }) => {
            const name = decodeURIComponent(target.slice(target.lastIndexOf("/") + 1));
            const bytes = NONSENSE[name];
            if (bytes === undefined) return answer(200);
            socket.end(bytes, "latin1");
            return undefined;
          },
        },
        async (proxied) => {
          for (const name of Object.keys(NONSENSE)) {
            const { status, headers, text } = await proxied.send(`GET /api/api/${encodeURIComponent(name)}`);
            assert.notEqual(status, 500, `${name}: ${text.slice(0, 200)}`);
            if (status === 502) assert.match(headers.get("cache-status") ?? "", /; detail=api_/, name);
            assert.equal((await proxied.send("GET /api/api/good")).status, 200, `after ${name}`);
          }
          assertClean(proxied);
          for (const line of proxied.world.broker.printed(/"request_id"/)) assert.ok(line.length < 2000);
        },
      ),
  },
  {
    what: "an answer behind an answer is handed to the next caller",
    attack: () =>
      withApi(
        { answer: ({ target }) => LEAVING[Number(target.split("/").at(-1))]?.[1] ?? answer(200) },
        async (proxied) => {
          const other = ["Host: localhost", `Authorization: Bearer ${OTHER_USER.key}`];
          for (const [n, [method]] of LEAVING.entries())
            for (let times = 0; times < 3; times += 1) {
              await proxied.send(`${method} /api/api/${n}`);
              const { text } = await proxied.send("GET /api/api/next", other);
              assert.ok(!text.includes("poisoned"), `${n}: it got the answer that somebody left behind`);
            }
        },
      ),
  },
  {
    what: "an API that takes requests and never answers",
    attack: () =>
      withApi(
        {
          api: { first_byte_timeout: 1 },
          answer: ({ target }) => (target.includes("good") ? answer(200) : undefined),
        },
        async (proxied) => {
          const waiting = Array.from({ length: 50 }, () => proxied.send("GET /api/api/never"));
          for (let n = 0; n < 10; n += 1) assert.equal((await proxied.send("GET /api/api/good")).status, 200);
          for (const { status, text, headers } of await Promise.all(waiting)) {
            assert.deepEqual([status, JSON.parse(text).error], [504, "temporarily_unavailable"]);
            assert.equal(headers.get("cache-status"), "edge-token-broker; detail=api_timeout");
          }
          await until(() => proxied.api.open.size <= 1, 10_000);
        },
      ),
  },
  {
    what: "an API that cannot be reached, resets, or closes without a word",
    attack: () =>
      withApi(
        {
          apis: () => ({ closed: { base: "http://127.0.0.1:1", credential: "default", scope: GRAPH } }),
          answer: ({ target, socket }) => {
            if (target.endsWith("reset")) socket.resetAndDestroy();
            else socket.destroy();
            return undefined;
          },
        },
        async (proxied) => {
          for (const path of ["closed/x", "api/reset", "api/close"]) {
            const { status, text, headers } = await proxied.send(`GET /api/${path}`);
            assert.deepEqual([status, JSON.parse(text).error], [502, "temporarily_unavailable"], path);
            assert.equal(headers.get("cache-status"), "edge-token-broker; detail=api_unreachable");
            assert.ok(!text.includes("127.0.0.1"), "the address of the API stays inside");
          }
        },
      ),
  },
  {
    what: "an API whose base leads back to the broker",
    attack: () =>
      withLoop(async (proxied) => {
        for (const path of [
          "loop/x",
          "itself/api/itself/x",
          "itself/api/loop/y",
          "itself/token",
          "itself/api/itself/api/loop/z",
        ]) {
          const { status, text } = await proxied.send(`GET /api/${path}`);
          assert.ok(status >= 400, `${path}: ${status}`);
          assert.ok(!text.includes("access_token"), path);
        }
        assert.equal(proxied.api.connections, 0);
      }),
  },
];
