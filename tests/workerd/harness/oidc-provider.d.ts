// What the tests use of oidc-provider, which has no types of its own.
declare module "oidc-provider" {
  import type { EventEmitter } from "node:events";
  import type { RequestListener } from "node:http";

  export default class Provider extends EventEmitter {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): RequestListener;
  }
}
