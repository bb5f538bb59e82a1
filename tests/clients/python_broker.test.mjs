// What the user of some Python libraries sees while the broker itself fails is what docs/callers.md says.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { testBroker } from "./harness/situations.mjs";

testBroker(LIBRARIES, { skip: missing });
