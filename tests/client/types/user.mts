// What a user of the package writes. It is compiled with each way to resolve modules (types.test.mjs).

import type { AccessToken, TokenCredential } from "@azure/core-auth";
import { BrokerCredential, BrokerError, brokerFetch } from "edge-token-broker/client";
import type { BrokerFetchOptions } from "edge-token-broker/client";

const credential: TokenCredential = new BrokerCredential({
  endpoint: "https://broker.example",
  key: "etb_key",
  credential: "contoso",
});
const lazy = new BrokerCredential({
  endpoint: new URL("https://broker.example/auth"),
  key: async () => "etb_key",
  fetch,
});

const signal: AbortSignal = new AbortController().signal;
const token: Promise<AccessToken | null> = credential.getToken("https://graph.microsoft.com/.default", {
  abortSignal: signal,
});
const own = await lazy.getToken(["https://graph.microsoft.com/.default"], {
  tenantId: "t",
  claims: "{}",
  enableCae: true,
});
const times: number = own.expiresOnTimestamp - own.refreshAfterTimestamp;
const type: "Bearer" = own.tokenType;

const options: BrokerFetchOptions = {
  endpoint: "https://broker.example",
  key: () => "etb_key",
  scope: ["a"],
  enableCae: true,
};
const request: typeof fetch = brokerFetch({
  ...options,
  maxRetries: 1,
  maxRetryWaitMs: 1_000,
  timeoutMs: 1_000,
  minTtl: 60,
});
const response: Response = await request(new URL("https://graph.microsoft.com/v1.0/users"), {
  method: "POST",
  body: "x",
});

function shown(error: unknown): string | undefined {
  if (!(error instanceof BrokerError)) return undefined;
  const { name, message, status, retryAfter, requestId, errorCodes } = error;
  return [name, message, requestId, status?.toFixed(), retryAfter?.toFixed(), errorCodes?.map(String).join()].join();
}

// @ts-expect-error A key is needed.
new BrokerCredential({ endpoint: "https://broker.example" });
// @ts-expect-error A misspelt option is no option.
brokerFetch({ endpoint: "https://broker.example", key: "etb_key", scopes: "a" });

export { response, shown, times, token, type };
