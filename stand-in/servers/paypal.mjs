// PayPal: a scope of more than two kilobytes, and members that no other server has.

/** @import { Server } from "../server.mjs" */

import { authenticate } from "../clients.mjs";
import { random, requireGrant, tokenAnswer } from "../server.mjs";

const AREAS = ["payments", "invoicing", "disputes", "vault", "reporting", "shipping", "webhooks", "orders", "identity"];
const SCOPE = AREAS.flatMap((area) =>
  ["read", "readwrite", "update", "refund", "search"].map(
    (action) => `https://uri.paypal.example/services/${area}/${area}-${action}`,
  ),
).join(" ");

/** @type {Server} */
export const paypal = {
  async answer(asked) {
    if (asked.path !== "/v1/oauth2/token") return undefined;
    requireGrant(asked);
    await authenticate(asked, { methods: ["client_secret_basic"] });
    return tokenAnswer(`A21AA${random(70)}`, {
      expires_in: 31_668,
      scope: SCOPE,
      app_id: "APP-80W284485P519543T",
      nonce: `${new Date().toISOString().replace(/\.\d+Z$/, "Z")}${random(32)}`,
    });
  },
};
