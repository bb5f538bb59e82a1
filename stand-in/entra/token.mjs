// The form of Entra's tokens.

import { randomUUID } from "node:crypto";

import { random } from "../server.mjs";

/**
 * A token with the shape and size of an app-only Graph token (about 1.5 kB); unique, with a made-up signature.
 * @param {{ tenant?: string | undefined, clientId?: string | undefined, scope: string }} about
 */
export function newToken({ tenant = randomUUID(), clientId = randomUUID(), scope }) {
  const keyId = random(20);
  const issuer = `https://sts.windows.net/${tenant}/`;
  const subject = randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", nonce: random(32), alg: "RS256", x5t: keyId, kid: keyId };
  const claims = {
    aud: scope.replace(/\/\.default$/, ""),
    iss: issuer,
    iat: now,
    nbf: now,
    exp: now + 3900,
    aio: random(24),
    app_displayname: "stand-in",
    appid: clientId,
    appidacr: "1",
    idp: issuer,
    idtyp: "app",
    oid: subject,
    rh: `0.${random(42)}.`,
    roles: ["User.ReadWrite.All"],
    sub: subject,
    tenant_region_scope: "EU",
    tid: tenant,
    uti: random(16),
    ver: "1.0",
    wids: [randomUUID()],
    xms_tcdt: 1674568217,
    xms_tdbr: "EU",
  };
  return [encode(header), encode(claims), random(256)].join(".");
}

/** @param {object} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
