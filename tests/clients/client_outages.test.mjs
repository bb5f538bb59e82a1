// What the user of the broker's own client sees while Entra fails, and how soon, is what docs/client.md says.

import { CLIENT } from "./harness/javascript.mjs";
import { testOutages } from "./harness/situations.mjs";

testOutages(CLIENT);
