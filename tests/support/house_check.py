"""The command line that all tests/check_*.py share."""

import itertools
import pathlib
import sys


def run(name, check, self_test, what):
    """`--self-test`, or check(root), which returns problems, how many `what` it looked at, and warnings.

    Nothing to look at is a failure, too.
    """
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    problems, count, *warnings = check(root)
    for warning in itertools.chain(*warnings):
        print(f"{name}: {warning}")
    print("\n".join(problems), file=sys.stderr)
    if problems or count == 0:
        sys.exit(f"{name}: {len(problems)} problems, {count} {what}")
    print(f"{name}: {count} {what}, all well")
