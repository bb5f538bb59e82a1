// What the user of some JavaScript libraries sees while the broker itself fails is what docs/callers.md says.

import { LIBRARIES } from "./harness/javascript.mjs";
import { testBroker } from "./harness/situations.mjs";

testBroker(LIBRARIES);
