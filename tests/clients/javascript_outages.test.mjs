// What the user of each JavaScript library sees while Entra throttles or is down is what docs/callers.md says.

import { LIBRARIES } from "./harness/javascript.mjs";
import { testOutages } from "./harness/situations.mjs";

testOutages(LIBRARIES);
