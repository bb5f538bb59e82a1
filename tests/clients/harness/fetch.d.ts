// A type of the Fetch standard that the types of the MCP SDK use, and those of Node.js do not have.
declare global {
  type HeadersInit = NonNullable<ConstructorParameters<typeof Headers>[0]>;
}
export {};
