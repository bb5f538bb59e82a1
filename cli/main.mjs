#!/usr/bin/env node
// The command line of the package.

import { dispatch } from "./lib/dispatch.mjs";
import { main } from "./lib/run.mjs";

main(() => dispatch(process.argv.slice(2)));
