// A client's key and its digest. Keys are made here, never chosen by a person.

import { createHash, randomBytes } from "node:crypto";

/** 32 random bytes behind a prefix by which secret scanners find a leaked key. */
export function newClientKey() {
  return `etb_${randomBytes(32).toString("base64url")}`;
}

/** What the configuration holds in the key's place: the SHA-256 of its whole text, in hex. */
export function keyDigest(key) {
  return createHash("sha256").update(key).digest("hex");
}
