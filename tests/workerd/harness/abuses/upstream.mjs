// Attacks by way of the authorization server's failures.

import assert from "node:assert/strict";

import { assertToken } from "../expect.mjs";
import { withWorld } from "../world.mjs";

const CALLERS = 10;

/** @param {import("../../../../stand-in/behaviours.mjs").Behaviour} failure */
const callersAtOnce = (failure) =>
  withWorld({ coordinator: false }, async (world) => {
    const scope = world.newScope();
    world.authority.always(failure);
    const replies = await Promise.all(Array.from({ length: CALLERS }, () => world.getToken({ scope })));
    for (const reply of replies) {
      assert.notEqual(reply.status, 200);
      assert.equal(reply.headers.get("retry-after"), "1");
    }
    world.authority.always(null);
    // The failure is remembered for a second at most, or it is over by now.
    const next = await world.getToken({ scope });
    if (next.status === 200) assertToken(next);
    else assert.equal(next.headers.get("retry-after"), "1", next.text);
  });

/** @type {import("../abuses.mjs").Abuse[]} */
export const ABUSES = [
  {
    what: "ten callers at the moment of one 503 take the token away from all for a second, and not for a minute",
    attack: () => callersAtOnce({ fail: { status: 503 } }),
  },
  {
    what: "ten callers at the moment of one odd answer take it away for a second, and not for a minute",
    attack: () => callersAtOnce({ garbage: "html" }),
  },
];
