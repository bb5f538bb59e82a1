"""Runs a program of docs/callers.md, and then its last function each time that a test says so.

Each line of standard input is a message, and each line of standard output the outcome of one, as JSON. What the program
prints goes to standard error.
"""

import inspect
import json
import sys
import time
import traceback

answers, sys.stdout = sys.stdout, sys.stderr
real_time = time.time
ahead = 0
# The clock of this process, as far ahead as the test says. The libraries come later.
time.time = lambda: real_time() + ahead

program = {"__name__": "__main__"}


def load(text):
    exec(compile(text, "program", "exec"), program)


def call(arguments):
    functions = [value for value in program.values() if inspect.isfunction(value)]
    return functions[-1](*arguments)


def outcome_of(work, argument):
    started = time.monotonic()
    try:
        outcome = {"value": work(argument)}
    except Exception as error:
        # `text` is what Python prints where nobody catches it.
        outcome = {"error": {"name": type(error).__name__, "message": str(error), "text": traceback.format_exc()}}
    return {**outcome, "tookMs": 1000 * (time.monotonic() - started)}


for line in sys.stdin:
    message = json.loads(line)
    if "aheadMs" in message:
        ahead = message["aheadMs"] / 1000
        continue
    outcome = outcome_of(load, message["load"]) if "load" in message else outcome_of(call, message["call"])
    print(json.dumps(outcome), file=answers, flush=True)
