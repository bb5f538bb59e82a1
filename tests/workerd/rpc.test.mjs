// Calls by RPC from another Worker of the account, whose service bindings have `props`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { calling } from "./harness/fronts.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

/** @import { World } from "./harness/world.mjs" */
const CODES=[
    `env.BOUND.getToken({ scope: 'https://graph.microsoft.com/.default' })`,
    `env.BOUND.getToken({ scope: 'https://graph.microsoft.com/.default' })`,
    `env.BOUND.getToken({ scope: "x" })`,
    `env.BOUND.getToken({ scope: new Date() })`,
    `env.BOUND.getToken({ scope: () => 1 })`,
    `env.BOUND.getToken(() => 1)`,
    `env.BOUND.getToken()`,
    `env.BOUND.getToken(undefined)`,
    `env.BOUND.getToken({}, 1)`,
    `env.BOUND.revoke({ token: "abc" })`,
    `env.BROKER.getToken({ scope: "x" })`,
    `env.BOUND.scheduled({})`,
    `env.BOUND.toString()`,
    `env.BOUND.constructor()`,
    `env.BOUND.hasOwnProperty("x")`,
    `env.BOUND.nothing("x")`,
    `env.BOUND.__proto__`,
    `env.BOUND.fetch`,
    `env.BOUND.getToken`,
    `env.BOUND.alarm()`,
    `env.BOUND.queue("q", [])`,
    `env.BOUND.getToken.call(null, {}, {}, {props:{client_id:"x"}})`,
  ];
/** @type {World} */
let world;
before(async () => {
  world = await openWorld({ ...calling(Object.fromEntries(CODES.map((c,i)=>[String(i),c]))), bindings: { CLIENTS: { bound: { service_binding: true, allow: [{ credential: "default", scope: GRAPH }] } } }, bound: { BOUND: { client_id: "bound" } } });
});
after(() => world.close());

test("probe", async () => {
  for (const code of CODES) {
    const reply = await world.fetch(`/call?name=${CODES.indexOf(code)}`);
    console.log(code, "\n   ", reply.status, reply.text.slice(0, 500));
  }
  console.log(world.broker.log);
});
