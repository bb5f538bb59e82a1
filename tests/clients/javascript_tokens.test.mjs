// Every JavaScript library of docs/callers.md gets its tokens, keeps them, and gets newer ones in time.

import { LIBRARIES } from "./harness/javascript.mjs";
import { testTokens } from "./harness/situations.mjs";

testTokens(LIBRARIES);
