// The metadata and keys of JWT issuers.

import { bytesUpTo } from "./body.mjs";

/** The body behind `url`, where that is 200 and no longer than `max` bytes; else nothing. Redirects are not followed. */
export async function get(url, max, ms) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(url, { headers, redirect: "manual", signal: controller.signal });
    return response.status === 200 ? await bytesUpTo(response.body ?? [], max) : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    // Closes what was not read to its end.
    controller.abort();
  }
}
