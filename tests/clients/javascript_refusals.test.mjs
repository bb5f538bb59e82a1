// What the user of each JavaScript library sees of a refusal is what docs/callers.md says.

import { LIBRARIES } from "./harness/javascript.mjs";
import { testRefusals } from "./harness/situations.mjs";

testRefusals(LIBRARIES);
