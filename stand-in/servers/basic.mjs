// A plain server of RFC 6749 that knows `client_secret_basic` only, without metadata.

/** @import { Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { random, requireGrant, tokenAnswer } from "../server.mjs";

/** @type {Server} */
export const basic = {
  async answer(asked) {
    if (asked.path !== "/token") return undefined;
    requireGrant(asked);
    await authenticate(asked, { methods: ["client_secret_basic"] });
    const { scope } = asked.params;
    return tokenAnswer(random(32), { expires_in: 3600, ...(scope !== undefined && { scope }) });
  },
};
