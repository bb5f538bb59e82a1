// Tokens of every Python library of docs/callers.md.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { tokens } from "./harness/suites.mjs";

tokens(LIBRARIES, { skip: missing });
