// Tokens of every Python library of docs/callers.md.

import { LIBRARIES, missing } from "./harness/python.mjs";
import { testTokens } from "./harness/situations.mjs";

testTokens(LIBRARIES, { skip: missing });
