// A token that an API rejects: it is reported once for all calls that have it, and it does not come back.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { API, brokerFetchAt, granted, inWorkers, network, pass, refused } from "./harness.mjs";
import { settle, silent, startTime, stopTime } from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

const MANY = 20;
const bearer = ({ headers }) => headers.get("authorization")?.slice(7);

/** An answer that comes when a test says so. */
function later() {
  /** @type {(response: Response) => void} */
  let give = () => {};
  const answer = new Promise((resolve) => (give = resolve));
  return { answer, give };
}

/** An API that takes every token but the first one, and a broker. */
function using(broker, isTaken = (token) => token !== "token-0") {
  const api = (received) => new Response("", { status: isTaken(bearer(received)) ? 200 : 401 });
  const { fetch, to } = network({ "broker.example": broker, "api.example": api });
  const asked = (path) => to("broker.example").filter(({ url }) => url.pathname === path).length;
  return { request: brokerFetchAt(fetch), asked, tokens: () => to("api.example").map(bearer) };
}

/** A broker whose reports take a second, and which takes only one within a minute. */
function slowBroker(number = 0) {
  let reports = 0;
  return async ({ url }) => {
    if (url.pathname !== "/revoke") return granted(`token-${number}`);
    reports += 1;
    if (reports > 1) return refused(429, "slow_down");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    number += 1;
    return Response.json({});
  };
}

for (const runtime of ["Node.js", "Workers"]) {
  test(`in ${runtime}, calls that are rejected together cause one report, and none of them gets the 401`, async (t) => {
    if (runtime === "Workers") inWorkers(t);
    const { request, asked } = using(slowBroker());
    const calls = Array.from({ length: MANY }, () => request(API));
    for (let turn = 0; turn < 15; turn += 1) await pass(0.1);
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    assert.deepEqual(statuses, Array(MANY).fill(200));
    assert.equal(asked("/revoke"), 1);
  });
}

for (const [what, seconds] of [
  ["is aborted", 0],
  ["ends without a word", 10],
]) {
  test(`in Workers, a call that ${what} while it reports leaves that to another one`, async (t) => {
    inWorkers(t);
    const reports = [silent, () => Response.json({})];
    const answers = [granted("token-0"), granted("token-0"), granted("token-0"), granted("token-1")];
    const broker = (received) =>
      (received.url.pathname === "/revoke" ? reports.shift() : () => answers.shift())(received);
    const { request, asked } = using(broker);
    const controller = new AbortController();
    const first = assert.rejects(request(API, { signal: controller.signal }), { name: "AbortError" });
    const others = [request(API), request(API)];
    await settle();
    if (seconds < 1) controller.abort();
    for (let turn = 0; turn < seconds * 10 + 2; turn += 1) await pass(0.1);
    controller.abort();
    await first;
    assert.deepEqual(
      (await Promise.all(others)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal(asked("/revoke"), 2);
  });
}

test("a report that fails is told to every call, and the next call reports again", async () => {
  let isDown = true;
  const broker = ({ url }) => {
    if (url.pathname === "/token") return granted(isDown ? "token-0" : "token-1");
    return isDown ? refused(503, "temporarily_unavailable") : Response.json({});
  };
  const { request, asked } = using(broker);
  const statuses = (await Promise.all([request(API), request(API)])).map(({ status }) => status);
  assert.deepEqual([statuses, asked("/revoke")], [[401, 401], 1]);
  isDown = false;
  assert.equal((await request(API)).status, 200);
});

test("a token that is given again is reported again after a minute, and not before", async () => {
  const { request, asked } = using(({ url }) => (url.pathname === "/revoke" ? Response.json({}) : granted("token-0")));
  for (let second = 0; second < 60; second += 10) {
    assert.equal((await request(API)).status, 401);
    assert.equal(asked("/revoke"), 1);
    await pass(10);
  }
  assert.equal((await request(API)).status, 401);
  assert.equal(asked("/revoke"), 2);
});

test("after the report, a token is asked for anew: a request from before it has the rejected one", async () => {
  const [report, old] = [later(), later()];
  const answers = [granted("token-0"), old.answer, granted("token-1")];
  const { request, asked, tokens } = using(({ url }) => (url.pathname === "/revoke" ? report.answer : answers.shift()));
  const first = request(API);
  await settle();
  const second = request(API);
  await settle();
  report.give(Response.json({}));
  await settle();
  assert.equal((await first).status, 200);
  old.give(granted("token-0"));
  assert.equal((await second).status, 200);
  assert.equal((await request(API)).status, 200);
  assert.deepEqual([asked("/revoke"), asked("/token")], [1, 3]);
  assert.deepEqual(tokens(), ["token-0", "token-1", "token-0", "token-1", "token-1"]);
});

test("a slow answer from before the report does not bring another old token back", async () => {
  const [report, old] = [later(), later()];
  const answers = [granted("token-0"), old.answer, granted("token-2")];
  const broker = ({ url }) => (url.pathname === "/revoke" ? report.answer : answers.shift());
  const { request, tokens } = using(broker, (token) => token === "token-2");
  const first = request(API);
  await settle();
  const second = request(API);
  await settle();
  report.give(Response.json({}));
  assert.equal((await first).status, 200);
  old.give(granted("token-1"));
  assert.equal((await second).status, 200);
  assert.equal((await request(API)).status, 200);
  assert.deepEqual(tokens(), ["token-0", "token-2", "token-1", "token-2", "token-2"]);
});
