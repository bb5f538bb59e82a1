// The declarations that users get say what the modules do: neither has an export that the other one has not, and each export
// of the modules can stand for the declared one.

import * as made from "../../../client/index.mjs";

type Declared = typeof import("../../../client/index.d.ts");
type Made = typeof made;

export const held: Declared = made;
export const nothingMore: [keyof Made] extends [keyof Declared] ? true : false = true;

type Members<Class extends abstract new (...args: any) => unknown> = keyof InstanceType<Class>;
export const noOtherMembers: {
  [Name in "BrokerCredential" | "BrokerError"]: [Members<Made[Name]>] extends [Members<Declared[Name]>] ? true : false;
} = { BrokerCredential: true, BrokerError: true };
