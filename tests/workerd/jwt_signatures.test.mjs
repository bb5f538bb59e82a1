// Signatures and keys that are not what they seem: nothing of it is proof.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH } from "./harness/fixtures.mjs";
import { AUDIENCE, Issuer, signJwt } from "./harness/issuer.mjs";
import { ALGORITHMS, base64url, newKey, signatureIn, withSignature } from "./harness/jose.mjs";
import { openWorld } from "./harness/world.mjs";

const [RSA, PSS, EC, ED] = ALGORITHMS.map((alg) => newKey(alg));

/** @param {string} namedCurve */
const onCurve = (namedCurve) => generateKeyPairSync("ec", { namedCurve });

/** Keys that an issuer serves and that nobody should take. */
const UNUSABLE = {
  "an RSA key of 1024 bits": newKey("RS256", { pair: generateKeyPairSync("rsa", { modulusLength: 1024 }) }),
  "an RSA key with the exponent 1": newKey("RS256", { jwk: { e: "AQ" } }),
  "a key on P-384": newKey("ES256", { pair: onCurve("P-384") }),
  "a key on P-521": newKey("ES256", { pair: onCurve("P-521") }),
  "a key on secp256k1": newKey("ES256", { pair: onCurve("secp256k1") }),
  "a key on secp256k1 that is said to be on P-256": newKey("ES256", {
    pair: onCurve("secp256k1"),
    jwk: { crv: "P-256" },
  }),
  "a key on Ed448": newKey("EdDSA", { pair: generateKeyPairSync("ed448") }),
  "a key for encryption": newKey("RS256", { jwk: { use: "enc" } }),
  "a key to sign with": newKey("RS256", { jwk: { use: undefined, key_ops: ["sign"] } }),
  "a key for another algorithm": newKey("RS256", { jwk: { alg: "RSA-OAEP" } }),
  "a key whose private half is served": withPrivateHalf(newKey("ES256")),
};

/** Points of small order on Ed25519: for these a signature can be made by anybody. */
const SMALL_ORDER = {
  "order 1": "0100000000000000000000000000000000000000000000000000000000000000",
  "order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "order 4": "0000000000000000000000000000000000000000000000000000000000000000",
  "order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "order 8, the other": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "order 8, negative": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "order 4, written as p": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "order 1, written as p + 1": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "order 1, with the sign of zero": "0100000000000000000000000000000000000000000000000000000000000080",
};

let world;
let issuer;
before(async () => {
  issuer = await Issuer.start(RSA, PSS, EC, ED, ...Object.values(UNUSABLE));
  issuer.foreignKeys = [
    ...Object.entries(SMALL_ORDER).map(([kid, point]) => ({
      kty: "OKP",
      crv: "Ed25519",
      kid,
      x: base64url(Buffer.from(point, "hex")),
    })),
    { kty: "oct", kid: "secret", alg: "HS256", k: base64url("secret") },
    null,
    7,
    {},
    { kty: "RSA" },
    {
      kty: "EC",
      crv: "P-256",
      kid: "off the curve",
      x: base64url(Buffer.alloc(32, 1)),
      y: base64url(Buffer.alloc(32, 2)),
    },
  ];
  const jwt = [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }];
  world = await openWorld({
    bindings: { CLIENTS: { robot: { jwt, allow: [{ credential: "default", scope: GRAPH }] } } },
  });
});
after(async () => {
  await world?.close();
  await issuer?.close();
});

const get = (jwt) => world.fetch(`/token?scope=${GRAPH}`, { headers: { Authorization: `Bearer ${jwt}` } });
async function refused(jwt) {
  const reply = await get(jwt);
  assertTokenError(reply, 401, "invalid_token");
  assert.deepEqual(world.upstreamRequests(reply), []);
  return reply;
}
const sign = (key, header) => issuer.sign({}, { key, header });

test("the good keys of a set with bad ones work", async () => {
  for (const key of [RSA, PSS, EC, ED]) assertToken(await get(sign(key)));
});

for (const [what, key] of Object.entries(UNUSABLE)) {
  test(`${what} verifies nothing`, async () => void (await refused(sign(key))));
}

for (const order of Object.keys(SMALL_ORDER)) {
  test(`an Ed25519 key of ${order} verifies nothing`, async () => {
    const neutral = Buffer.concat([Buffer.from(SMALL_ORDER["order 1"], "hex"), Buffer.alloc(32)]);
    // Which of them a careless verifier takes depends on the digest: one in the order.
    for (let n = 0; n < 24; n += 1) await refused(withSignature(sign(ED, { kid: order }), neutral));
  });
}

test("a point that is not on the curve verifies nothing", async () =>
  void (await refused(sign(EC, { kid: "off the curve" }))));

for (const key of [RSA, PSS, EC, ED]) {
  const { alg } = key;
  test(`${alg}: a signature that is stripped, cut, longer, of another JWT, zero or one bit off`, async () => {
    const jwt = sign(key);
    const signature = signatureIn(jwt);
    const other = signatureIn(sign(key));
    const flipped = Buffer.from(signature);
    flipped[flipped.length - 1] ^= 1;
    for (const wrong of [
      Buffer.alloc(0),
      signature.subarray(0, -1),
      signature.subarray(1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), signature]),
      other,
      Buffer.alloc(signature.length),
      Buffer.alloc(signature.length, 0xff),
      flipped,
    ]) {
      await refused(withSignature(jwt, wrong));
    }
    await refused(jwt.slice(0, jwt.lastIndexOf(".")));
    assertToken(await get(jwt));
  });

  test(`${alg}: claims that were changed under a signature`, async () => {
    const [header, , signature] = sign(key).split(".");
    await refused(`${header}.${base64url(issuer.claims({ sub: "robot" }))}.${signature}`);
  });

  test(`${alg}: a JWT that was good does not make another with its header or claims good`, async () => {
    const jwt = sign(key);
    assertToken(await get(jwt));
    await refused(withSignature(jwt, signatureIn(sign(key))));
  });
}

test("ES256 with r = s = 0, r = 0, s = 0, or r and s the order of the group", async () => {
  const [zero, order] = [
    Buffer.alloc(32),
    Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex"),
  ];
  const jwt = sign(EC);
  const [r, s] = halves(jwt);
  for (const wrong of [
    [zero, zero],
    [zero, s],
    [r, zero],
    [order, order],
    [zero, order],
    [order, s],
  ]) {
    await refused(withSignature(jwt, Buffer.concat(wrong)));
  }
});

test("ES256 with r and s swapped, and in DER", async () => {
  const jwt = sign(EC);
  const [r, s] = halves(jwt);
  await refused(withSignature(jwt, Buffer.concat([s, r])));
  await refused(withSignature(jwt, der(r, s)));
});

test("the algorithm is the key's: RS256 and PS256 are not each other's", async () => {
  for (const [key, other] of [
    [RSA, PSS],
    [PSS, RSA],
  ]) {
    // The signature itself is good: of the same RSA key, by the other algorithm.
    await refused(signJwt(issuer.claims(), { key: { ...key, alg: other.alg } }));
    await refused(signJwt(issuer.claims(), { key, header: { alg: other.alg } }));
  }
});

for (const [what, key] of [
  ["RSA", RSA],
  ["EC", EC],
  ["Ed25519", ED],
]) {
  test(`the algorithm is the key's: the ${what} key with any other alg`, async () => {
    for (const alg of [
      "RS256",
      "PS256",
      "ES256",
      "EdDSA",
      "RS384",
      "RS512",
      "ES384",
      "ES256K",
      "HS256",
      "RS1",
      "Ed448",
    ]) {
      if (alg !== key.alg) await refused(sign(key, { alg }));
    }
  });
}

test("a shared secret that an issuer publishes is no key", async () => {
  await refused(signJwt(issuer.claims(), { key: { alg: "HS256", secret: "secret", jwk: { kid: "secret" } } }));
});

test("padding, white space, and bits that mean nothing: a JWT has one spelling", async () => {
  const jwt = sign(RSA);
  const [header, claims, signature] = jwt.split(".");
  for (const wrong of [
    `${jwt}=`,
    `${jwt}==`,
    `${header}=.${claims}.${signature}`,
    `${header}.${claims}=.${signature}`,
    `${header} .${claims}.${signature}`,
    `${header}. ${claims}.${signature}`,
    `${header}.${claims}.${signature.slice(0, 10)}\t${signature.slice(10)}`,
    otherBits(jwt),
    `${header}.${claims}.${signature.slice(0, -2)}+/`,
    `"${jwt}"`,
    `${header}%2e${claims}.${signature}`,
  ]) {
    await refused(wrong);
  }
  assertToken(await get(jwt));
});

test("parts that are empty, missing or too many", async () => {
  const [header, claims, signature] = sign(RSA).split(".");
  for (const wrong of [
    "..",
    `${header}..${signature}`,
    `.${claims}.${signature}`,
    `${header}.${claims}.`,
    `..${signature}`,
    `${header}.${claims}`,
    `${header}`,
    `${header}.${claims}.${signature}.`,
    `.${header}.${claims}.${signature}`,
    `${header}.${claims}.${signature}.${signature}`,
    ".",
    "....",
  ]) {
    await refused(wrong);
  }
});

test("an encrypted JWT (five parts) is no proof", async () => {
  const header = base64url({ alg: "RSA-OAEP", enc: "A256GCM", kid: RSA.jwk.kid });
  await refused([header, base64url("key"), base64url("iv"), base64url("text"), base64url("tag")].join("."));
  await refused([header, "", base64url("iv"), base64url("text"), base64url("tag")].join("."));
});

function halves(jwt) {
  const signature = signatureIn(jwt);
  return [signature.subarray(0, 32), signature.subarray(32)];
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3). */
function der(...numbers) {
  const items = numbers.map((number) => {
    const bytes = number[0] & 0x80 ? Buffer.concat([Buffer.alloc(1), number]) : number;
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
  });
  const content = Buffer.concat(items);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

/** The same bytes, with the bits behind the last one set: 256 bytes leave four of them. */
function otherBits(jwt) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return jwt.slice(0, -1) + digits[digits.indexOf(jwt.at(-1)) | 1];
}

function withPrivateHalf(key) {
  return { ...key, jwk: { ...key.jwk, d: key.privateKey.export({ format: "jwk" }).d } };
}
