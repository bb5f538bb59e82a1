// What the user of each Python library sees of a refusal.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { refusals } from "./harness/suites.mjs";

refusals(LIBRARIES, { skip: missing });
