"""Runs Python for a test, piece by piece, in one namespace.

Each line of standard input is a piece of Python as a JSON string. Its answer is one line of JSON on standard output: the
value of its last expression, or the error as the user of the library sees it, and the seconds that it took. What the
piece itself prints goes to standard error.
"""

import ast
import json
import sys
import time

namespace = {"__name__": "__main__"}
answers, sys.stdout = sys.stdout, sys.stderr


def run(source):
    body = ast.parse(source).body
    last = body.pop().value if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "test", "exec"), namespace)
    return eval(compile(ast.Expression(last), "test", "eval"), namespace) if last else None


def answer(source):
    start = time.monotonic()
    try:
        result = {"value": run(source)}
    except Exception as error:
        result = {"error": {"type": type(error).__name__, "message": str(error)}}
    return {**result, "seconds": time.monotonic() - start}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)), default=str), file=answers, flush=True)
