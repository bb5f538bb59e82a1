// What the user of the broker's own client sees of a refusal is what docs/client.md says.

import { CLIENT } from "./harness/javascript.mjs";
import { testRefusals } from "./harness/situations.mjs";

testRefusals(CLIENT);
