// The token that `brokerFetch` keeps: for how long, and what it does while the broker or the API fails.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { API, brokerFetchAt, granted, network, pass, refused, rotatingBroker } from "./harness.mjs";
import { silent, startTime, stateOf, stopTime } from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

const ok = Response.json({});
const down = (headers = {}) => refused(503, "temporarily_unavailable", { headers });

/** A broker that answers in turn, and an API that takes every token. */
function using(broker, api = [ok]) {
  const { fetch, to } = network({ "broker.example": broker, "api.example": api });
  const request = brokerFetchAt(fetch);
  const tokens = () => to("api.example").map(({ headers }) => headers.get("authorization")?.slice(7));
  return { request, tokens, asked: () => to("broker.example").length };
}

test("a token is requested once, until the broker has a newer one", async () => {
  const { request, tokens, asked } = using([granted("a"), granted("b")]);
  await Promise.all([request(API), request(API)]);
  await pass(2_699);
  await request(API);
  assert.equal(asked(), 1);
  await pass(1);
  await request(API);
  assert.equal(asked(), 2);
  assert.deepEqual(tokens(), ["a", "a", "a", "b"]);
});

test("while the broker fails, the token serves until a minute before it expires", async () => {
  const { request, tokens, asked } = using([granted("a"), down({ "retry-after": "120" }), down()]);
  await request(API);
  await pass(2_700);
  await request(API); // fails, and asks again after 120 s
  await pass(119);
  await request(API);
  assert.equal(asked(), 2);
  await pass(1);
  await request(API); // fails, and asks again after 10 s
  await pass(10);
  await request(API);
  assert.equal(asked(), 4);
  assert.deepEqual(tokens(), ["a", "a", "a", "a", "a"]);
  await pass(3_540 - 2_830);
  await assert.rejects(request(API), { name: "temporarily_unavailable" });
});

test("a token that has expired is not sent, however long the broker wants to be left alone", async () => {
  const { request, tokens } = using([granted("a"), down({ "retry-after": "3600" }), granted("b")]);
  await request(API);
  await pass(2_700);
  await request(API);
  await pass(839);
  await request(API);
  await pass(1); // a minute is left
  await request(API);
  assert.deepEqual(tokens(), ["a", "a", "a", "b"]);
});

test("a broker that hangs holds up one call, for two seconds", async () => {
  let isSilent = false;
  const { request, tokens, asked } = using((received) => (isSilent ? silent(received) : granted("a")));
  await request(API);
  await pass(2_700);
  isSilent = true;
  const first = request(API);
  await pass(1.9);
  assert.equal((await request(API)).status, 200);
  assert.equal(await stateOf(first), "pending");
  await pass(0.1);
  assert.equal((await first).status, 200);
  await request(API);
  assert.deepEqual([tokens(), asked()], [["a", "a", "a", "a"], 2]);
  isSilent = false;
  await pass(10);
  await request(API);
  assert.equal(asked(), 3);
});

test("a call that is aborted while it renews leaves that to the next one", async () => {
  const answers = [granted("a"), new Promise(() => {}), granted("b")];
  const { request, tokens } = using(() => answers.shift());
  await request(API);
  await pass(2_700);
  const controller = new AbortController();
  const call = request(API, { signal: controller.signal });
  assert.equal(await stateOf(call), "pending");
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  await request(API);
  assert.deepEqual(tokens(), ["a", "b"]);
});

for (const [what, answer] of [
  ["a page", new Response("<html>")],
  ["a page that is not there", new Response("<html>", { status: 404 })],
  ["a redirect", new Response(null, { status: 302, headers: { location: "https://login.example" } })],
  ["a login page", new Response("<html>", { status: 401 })],
]) {
  test(`${what} in place of the broker: the token in hand serves`, async () => {
    const { request, tokens, asked } = using([granted("a"), answer]);
    await request(API);
    await pass(2_700);
    await request(API);
    await request(API);
    assert.deepEqual([tokens(), asked()], [["a", "a", "a"], 2]);
    await pass(840);
    await assert.rejects(request(API), { name: "not_the_broker" });
  });
}

test("a refusal is told at once, also with a token in hand", async () => {
  const { request } = using([granted("a"), refused(403, "insufficient_scope")]);
  await request(API);
  await pass(2_700);
  await assert.rejects(request(API), { name: "insufficient_scope" });
  await assert.rejects(request(API), { name: "insufficient_scope" });
});

test("calls that are rejected together get one new token", async () => {
  const picky = ({ headers }) =>
    new Response("", { status: headers.get("authorization") === "Bearer token-0" ? 401 : 200 });
  const { request, tokens } = using(rotatingBroker(), picky);
  const answers = await Promise.all([request(API), request(API), request(API)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.ok(!tokens().slice(3).includes("token-0"));
});

for (const status of [429, 503]) {
  test(`a ${status} of the API with Retry-After is repeated after that time`, async () => {
    const { request, tokens } = using(
      [granted("a")],
      [new Response("busy", { status, headers: { "retry-after": "3" } }), ok],
    );
    const answer = request(API, { method: "POST", body: "x" });
    await pass(2.9);
    assert.equal(tokens().length, 1);
    await pass(0.1);
    assert.equal((await answer).status, 200);
    assert.deepEqual(tokens(), ["a", "a"]);
  });
}

for (const [what, headers, init] of [
  ["a longer time than the limit", { "retry-after": "11" }, {}],
  ["without Retry-After", {}, {}],
  ["a stream", { "retry-after": "1" }, { method: "POST", duplex: "half", body: new Blob(["x"]).stream() }],
]) {
  test(`a 503 of the API is handed on: ${what}`, async () => {
    const { request, tokens } = using([granted("a")], [new Response("busy", { status: 503, headers })]);
    const response = await request(API, init);
    assert.deepEqual([response.status, await response.text(), tokens().length], [503, "busy", 1]);
  });
}

test("the API is asked four times at most, and the last answer is handed on", async () => {
  const busy = new Response("busy", { status: 429, headers: { "retry-after": "1" } });
  const { request, tokens } = using([granted("a")], [busy]);
  const answer = request(API);
  for (let turn = 0; turn < 3; turn += 1) await pass(1);
  assert.equal(await (await answer).text(), "busy");
  assert.equal(tokens().length, 4);
});

test("the signal ends the waiting for the API", async () => {
  const busy = new Response("busy", { status: 429, headers: { "retry-after": "5" } });
  const { request, tokens } = using([granted("a")], [busy]);
  const controller = new AbortController();
  const answer = request(API, { signal: controller.signal });
  assert.equal(await stateOf(answer), "pending");
  controller.abort(new Error("enough"));
  await assert.rejects(answer, { message: "enough" });
  assert.equal(tokens().length, 1);
});
