// Which URLs stay on this machine.

import { BlockList, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** @param {string} url */
export function isLoopback(url) {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}
