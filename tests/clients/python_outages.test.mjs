// What the user of each Python library sees while Entra throttles or is down.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { testOutages } from "./harness/situations.mjs";

testOutages(LIBRARIES, { skip: missing });
