// What breaks off on the way through the proxy, or never comes: on the side of the API, and on that of the caller.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { after, before, describe, test } from "node:test";

import { issue, newCa } from "../../stand-in/ca.mjs";
import { freePort } from "./harness/free_port.mjs";
import { openProxy } from "./harness/proxy_world.mjs";

const MIB = 1024 * 1024;
const CLOSED = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

let proxy, foreign;
before(async () => {
  // The broker does not know its authority.
  const { key, certificate } = issue(newCa());
  foreign = createTlsServer({ key, cert: certificate }, (_, response) => response.end("foreign")).listen(
    0,
    "127.0.0.1",
  );
  foreign.on("tlsClientError", () => {});
  await once(foreign, "listening");
  const down = await freePort();
  proxy = await openProxy({
    apis: () => ({
      impatient: { first_byte_timeout: 1 },
      down: { base: `https://localhost:${down}` },
      plain: { base: `http://127.0.0.1:${down}` },
      foreign: { base: `https://localhost:${foreign.address().port}` },
    }),
  });
});
after(async () => {
  await proxy?.close();
  foreign.close();
});

/** The broker's own answer in place of an API's. */
function assertOwn(reply, status, detail) {
  const { error, error_description } = JSON.parse(reply.body);
  assert.deepEqual([reply.status, error], [status, "temporarily_unavailable"], error_description);
  assert.equal(reply.headers["cache-status"], `edge-token-broker; detail=${detail}`);
  assert.equal(reply.headers["x-request-id"], reply.requestId);
}

describe("the API", () => {
  test("is down, or is not who it should be: 502", async () => {
    for (const name of ["down", "plain", "foreign"]) {
      const reply = await proxy.send("/x", { name });
      assertOwn(reply, 502, "api_unreachable");
      const { outcome, status, api } = await proxy.logOf(reply);
      assert.deepEqual([outcome, status, api], ["api_unreachable", 502, name]);
    }
  });

  test("resets the connection, or ends it, before it answers: 502", async () => {
    proxy.on("/reset", (call) => call.reset());
    proxy.on("/ended", (call) => call.request.socket.end());
    proxy.on("/garbage", (call) => call.request.socket.end("this is no HTTP\r\n\r\n"));
    for (const path of ["/reset", "/ended", "/garbage"]) {
      const reply = await proxy.send(path, { method: "POST", body: "hello" });
      assertOwn(reply, 502, "api_unreachable");
      // Nobody knows what it has done: it is not asked again.
      assert.equal(proxy.callsAt(path).length, 1);
    }
  });

  test("resets the connection while the body is sent: 502", async () => {
    proxy.on("/reset-upload", async (call) => {
      await call.part(1);
      call.reset();
    });
    const caller = await proxy.begin("/reset-upload", { method: "POST", headers: { "Content-Length": String(MIB) } });
    caller.write(Buffer.alloc(1000));
    await caller.until(/^HTTP\/1\.1 502 [^]*temporarily_unavailable/);
    caller.leave();
  });

  test("answers before the body has come: the caller has that answer", async () => {
    for (const headers of [{ "Content-Length": String(10 * MIB) }, { "Transfer-Encoding": "chunked" }]) {
      const path = `/early-${Object.keys(headers)[0]}`;
      proxy.on(path, async (call) => {
        await call.part(1);
        call.response.writeHead(413, { Connection: "close", "Content-Length": 3 }).end("big");
      });
      const caller = await proxy.begin(path, { method: "POST", headers });
      if (headers["Content-Length"]) caller.write(Buffer.alloc(1000));
      else caller.chunk("x".repeat(1000));
      await caller.until(/^HTTP\/1\.1 413 [^]*big$/);
      caller.leave();
      assert.equal((await proxy.logOf(caller)).status, 413);
    }
  });

  for (const [what, head, part] of [
    ["declared", "Content-Length: 100", "hello"],
    ["declared and long", "Content-Length: 1000000", "hello"],
    ["unknown", "Transfer-Encoding: chunked", "5\r\nhello\r\n"],
  ]) {
    for (const how of ["resets", "ends"]) {
      test(`${how} the connection in the middle of an answer whose length is ${what}: the caller can tell`, async () => {
        const path = `/cut-${how}-${head.length}`;
        proxy.on(path, (call) => call.raw(`${CLOSED}${head}\r\n\r\n${part}`));
        const caller = await proxy.begin(path);
        await caller.until(/hello/);
        const call = await proxy.arrival(path);
        if (how === "resets") call.reset();
        else call.connection.end();
        await caller.closed;
        assert.match(caller.text, /hello\s*$/);
        const { outcome, status } = await proxy.logOf(caller);
        assert.deepEqual([outcome, status], [what === "declared" ? "passed" : "cut_off", 200]);
      });
    }
  }

  test("is silent: 504 when its time is over, and the request ends; an answer that has begun has all the time", async () => {
    proxy.on("/silent", () => {});
    proxy.on("/begun", (call) => call.raw(`${CLOSED}Content-Length: 10\r\n\r\nfirst`));
    const begun = await proxy.begin("/begun", { name: "impatient" });
    await begun.until(/first$/);
    const reply = await proxy.send("/silent", { name: "impatient", method: "POST", body: "hello" });
    assertOwn(reply, 504, "api_timeout");
    const { outcome, status } = await proxy.logOf(reply);
    assert.deepEqual([outcome, status], ["api_timeout", 504]);
    const [silent] = proxy.callsAt("/silent");
    await silent.closed;
    const [call] = proxy.callsAt("/begun");
    call.raw("secnd");
    await begun.until(/firstsecnd$/);
    begun.leave();
  });
});

describe("the caller", () => {
  const gone = async (caller, bytes) => {
    const { outcome, response_bytes } = await proxy.logOf(caller);
    assert.deepEqual([outcome, response_bytes], ["caller_gone", bytes]);
  };

  test("goes away before the answer: the API's connection ends", async () => {
    proxy.on("/leave", () => {});
    const caller = await proxy.begin("/leave");
    const call = await proxy.arrival("/leave");
    caller.leave();
    await call.closed;
  });

  test("goes away after a second without an answer: the log says so as well", async () => {
    for (const path of ["/slow", "/silent-beside"]) proxy.on(path, () => {});
    const caller = await proxy.begin("/slow");
    const call = await proxy.arrival("/slow");
    // Its time is a second, and it began later.
    await proxy.send("/silent-beside", { name: "impatient" });
    caller.leave();
    await call.closed;
    await gone(caller);
  });

  test("goes away while a token is stored beside the request: the API's connection ends, and the log says so", async () => {
    // Without a coordinator the isolate stores it.
    const alone = await openProxy({ coordinator: false });
    try {
      alone.on("/leave", () => {});
      const caller = await alone.begin("/leave");
      const call = await alone.arrival("/leave");
      caller.leave();
      await call.closed;
      assert.equal((await alone.logOf(caller)).outcome, "caller_gone");
    } finally {
      await alone.close();
    }
  });

  test("goes away in the middle of its body: what the API gets is no whole request", async () => {
    for (const headers of [{ "Content-Length": String(MIB) }, { "Transfer-Encoding": "chunked" }]) {
      const path = `/leave-upload-${Object.values(headers)[0]}`;
      proxy.on(path, () => {});
      const caller = await proxy.begin(path, { method: "POST", headers });
      if (headers["Content-Length"]) caller.write("hello");
      else caller.chunk("hello");
      const call = await proxy.arrival(path);
      await call.part(5);
      caller.leave();
      assert.equal(await call.isWhole, false);
      assert.equal(call.received.toString(), "hello");
    }
  });

  test("goes away in the middle of a short body: the API gets nothing", async () => {
    const path = "/leave-short";
    proxy.on(path, () => {});
    const caller = await proxy.begin(path, { method: "POST", headers: { "Content-Length": "100" } });
    caller.write("hello");
    caller.leave();
    // What comes after it is served, and alone.
    proxy.on("/after-short", (call) => call.response.end());
    assert.equal((await proxy.send("/after-short")).status, 200);
    assert.deepEqual(proxy.callsAt(path), []);
  });

  for (const [what, head, part] of [
    ["declared", "Content-Length: 100", "hello"],
    ["declared and long", "Content-Length: 1000000", "hello"],
    ["unknown", "Transfer-Encoding: chunked", "5\r\nhello\r\n"],
  ]) {
    test(`goes away in the middle of an answer whose length is ${what}: the API's connection ends at once`, async () => {
      const path = `/leave-${head.length}`;
      proxy.on(path, (call) => call.raw(`${CLOSED}${head}\r\n\r\n${part}`));
      const caller = await proxy.begin(path);
      await caller.until(/hello/);
      const call = await proxy.arrival(path);
      caller.leave();
      await call.closed;
      const { outcome } = await proxy.logOf(caller);
      assert.match(outcome, what === "declared" ? /^passed$/ : /^cut_off$/);
    });
  }

  test("that goes away does no harm to the others", async () => {
    proxy.on("/others", (call) => call.response.end("fine"));
    proxy.on("/stuck", () => {});
    const leaving = await Promise.all(Array.from({ length: 20 }, () => proxy.begin("/stuck")));
    await proxy.arrival("/stuck");
    const replies = Array.from({ length: 20 }, () => proxy.send("/others"));
    for (const caller of leaving) caller.leave();
    for (const { status } of await Promise.all(replies)) assert.equal(status, 200);
  });
});

describe("without a token", () => {
  const headers = { "Content-Length": "5", Expect: "100-continue" };

  for (const [what, fault, status] of [
    ["the authorization server fails", { fail: { status: 503 } }, 503],
    ["the authorization server refuses the credential", { refuse: 7000222 }, 502],
  ]) {
    test(`${what}: ${status}, as on GET /token, and the body is not asked for`, async () => {
      const { name, scope } = proxy.newApi();
      proxy.world.authority.next({ scope, ...fault }, { scope, ...fault });
      const caller = await proxy.begin(`/never-${status}`, { name, method: "POST", headers });
      await caller.until(/\r\n\r\n{.*}$/);
      assert.match(caller.text, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(caller.text, /Cache-Status: edge-token-broker; detail=/);
      assert.deepEqual(proxy.callsAt(`/never-${status}`), []);
      caller.leave();
    });
  }
});
