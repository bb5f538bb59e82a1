// The whole Worker is in the package. wrangler.toml and secrets configure it.
export { default, TokenCoordinator, AssertionLedger } from "edge-token-broker";
