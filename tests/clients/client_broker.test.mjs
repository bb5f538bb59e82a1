// What the user of the broker's own client sees while the broker itself fails is what docs/client.md says.

import { CLIENT } from "./harness/javascript.mjs";
import { testBroker } from "./harness/situations.mjs";

testBroker(CLIENT);
