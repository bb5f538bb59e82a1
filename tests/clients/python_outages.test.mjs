// What the user of each Python library sees while Entra throttles or is down.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { outages } from "./harness/suites.mjs";

outages(LIBRARIES, { skip: missing });
