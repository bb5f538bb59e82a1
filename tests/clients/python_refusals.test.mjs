// What the user of each Python library sees of a refusal.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { testRefusals } from "./harness/situations.mjs";

testRefusals(LIBRARIES, { skip: missing });
