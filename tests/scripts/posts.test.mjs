// The JavaScript has to know which bodies it leaves unread before the core has found the route: they go to an API. A host
// test holds the same table against the core's routes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isForApi } from "../../src/adapters/request.mjs";

const posts = JSON.parse(readFileSync(new URL("../workerd/fixtures/posts.json", import.meta.url), "utf8"));

test("a request is for an API where the core says so", () => {
  for (const { base, path, isForApi: expected } of posts)
    for (const query of ["", "?a=/api/b", "?"])
      for (const host of ["https://broker.example", "http://127.0.0.1:8787"])
        assert.equal(isForApi(host + path + query, base || undefined), expected, base + " " + path + query);
});
