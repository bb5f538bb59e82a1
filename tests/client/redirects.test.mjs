// Redirects of an API: the token stays with the origin that it was sent to.

import assert from "node:assert/strict";
import { test } from "node:test";

import { API, brokerFetchAt, network, rotatingBroker } from "./harness.mjs";

const to = (location, status = 302) => new Response(null, { status, headers: { location } });
const headers = { cookie: "a=b", "proxy-authorization": "Basic x", "content-type": "text/x", "x-own": "1" };

/** The answers of hosts, a call, and what each request after the first one had. */
async function follow(servers, init, input = API) {
  const { fetch, received } = network({ "broker.example": rotatingBroker(), ...servers });
  const response = await brokerFetchAt(fetch)(input, init);
  return { response, hops: received.slice(1) };
}

const ok = () => new Response("ok");

test("within the origin the token stays", async () => {
  const { response, hops } = await follow({ "api.example": [to("/other?x#y"), ok()] });
  assert.equal(await response.text(), "ok");
  assert.deepEqual(
    hops.map((hop) => [hop.url.pathname, hop.headers.get("authorization")]),
    [
      ["/things", "Bearer token-0"],
      ["/other", "Bearer token-0"],
    ],
  );
});

for (const [what, location] of [
  ["another host", "https://files.example/x"],
  ["another port", "https://api.example:8443/x"],
  ["http", "http://api.example/x"],
]) {
  test(`the token does not go to ${what}, and does not come back`, async () => {
    const home = "https://api.example/home";
    const server = ({ url }) => (url.href === API ? to(location) : url.href === home ? ok() : to(home));
    const { response, hops } = await follow({ "api.example": server, "files.example": server }, { headers });
    assert.equal(await response.text(), "ok");
    assert.deepEqual(
      hops.map(
        (hop) => ["authorization", "cookie", "proxy-authorization"].filter((name) => hop.headers.has(name)).length,
      ),
      [3, 0, 0],
    );
    assert.ok(hops.every((hop) => hop.headers.get("x-own") === "1"));
  });
}

test("a 401 of another origin says nothing about the token", async () => {
  const { response, hops } = await follow({
    "api.example": [to("https://files.example")],
    "files.example": [new Response("no", { status: 401 })],
  });
  assert.deepEqual([response.status, hops.length], [401, 2]);
});

for (const [status, method, then, body] of [
  [301, "POST", "GET", ""],
  [302, "POST", "GET", ""],
  [303, "PUT", "GET", ""],
  [303, "HEAD", "HEAD", ""],
  [302, "PUT", "PUT", "x"],
  [307, "POST", "POST", "x"],
  [308, "PATCH", "PATCH", "x"],
]) {
  test(`${status} makes ${then} of ${method}`, async () => {
    const init = { method, headers, ...(method !== "HEAD" && { body: "x" }) };
    const { hops } = await follow({ "api.example": [to("/a", status), to("/b", 307), ok()] }, init);
    for (const hop of hops.slice(1)) {
      assert.deepEqual([hop.method, hop.body], [then, body]);
      assert.equal(hop.headers.has("content-type"), then === method);
    }
    assert.equal(hops.length, 3);
  });
}

test("a Request is followed, too, with its method", async () => {
  const request = new Request(API, { method: "DELETE", headers });
  const { hops } = await follow({ "api.example": [to("/a"), ok()] }, undefined, request);
  assert.deepEqual([hops[1].method, hops[1].headers.get("x-own")], ["DELETE", "1"]);
});

test("the settings of a Request and of init go along", async () => {
  const settings = { integrity: "sha256-x", cache: "no-store", keepalive: true };
  for (const [input, init] of [
    [new Request(API, settings), { headers }],
    [API, settings],
    [new Request(API, { ...settings, cache: "reload" }), { cache: "no-store" }],
  ]) {
    const { hops } = await follow({ "api.example": [to("/a"), ok()] }, init, input);
    for (const { integrity, cache, keepalive } of hops) assert.deepEqual({ integrity, cache, keepalive }, settings);
    assert.equal(hops.length, 2);
  }
});

test("a Request whose body is a stream becomes a GET, or is refused", async () => {
  const request = () => new Request(API, { method: "POST", body: "x" });
  const { response } = await follow({ "api.example": [to("/a", 303), to("/b", 307), ok()] }, undefined, request());
  assert.equal(await response.text(), "ok");
  await assert.rejects(follow({ "api.example": [to("/a", 307), ok()] }, undefined, request()), TypeError);
});

test("a caller that follows by itself gets the redirect", async () => {
  const { response, hops } = await follow({ "api.example": [to("https://files.example")] }, { redirect: "manual" });
  assert.deepEqual([response.status, hops.length], [302, 1]);
  const { hops: failed } = await follow({ "api.example": [ok()] }, { redirect: "error" });
  assert.equal(failed[0].redirect, "error");
});

test("a redirect without an end, and one to no server, are refused", async () => {
  await assert.rejects(follow({ "api.example": [to(API)] }), { message: "the API redirects too many times" });
  for (const location of ["data:,x", "file:///etc/passwd", "https://"])
    await assert.rejects(follow({ "api.example": [to(location)] }), {
      message: "the API redirects to what is no http URL",
    });
});

test("a redirect without Location is an answer", async () => {
  const { response } = await follow({ "api.example": [new Response("gone", { status: 302 })] });
  assert.deepEqual([response.status, await response.text()], [302, "gone"]);
});

test("where the runtime does not show a redirect, the error says so", async () => {
  const opaque = () => Object.defineProperties(ok(), { status: { value: 0 }, type: { value: "opaqueredirect" } });
  await assert.rejects(follow({ "api.example": opaque }), { name: "TypeError", message: /does not show where to/ });
});
