"""The command line: the rows of the reference, and scripts as people write them."""

import os
import re
import subprocess
import sys

from support import BIN, ROOT, Failed, build_release, require

ENV = dict(os.environ, PLS_BIN=str(BIN / "pls"), PYTHONDONTWRITEBYTECODE="1")


def passes(*command):
    """What a command that must succeed printed, both streams."""
    done = subprocess.run(command, cwd=ROOT, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout, end="", flush=True)
    require(done.returncode == 0, f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout


def tests_in(*files):
    """Runs test files; returns how many tests they hold."""
    count = 0
    for file in files:
        ran = re.search(r"^Ran (\d+) tests?", passes(sys.executable, file), re.MULTILINE)
        if not ran or ran[1] == "0":
            raise Failed(f"{file}: no test ran")
        count += int(ran[1])
    return count


def rows():
    build_release()
    passes(ROOT / "tests" / "check_behaviour.py", ROOT)
    page = (ROOT / "spec" / "cli-behaviour.md").read_text()
    files = sorted((ROOT / "tests" / "cli").glob("behaviour_*_test.py"))
    figures = {
        "rows": len(re.findall(r"^\| B\d", page, re.MULTILINE)),
        "with_a_test": len(re.findall(r"^\| B\d.*\| `\w+` \|$", page, re.MULTILINE)),
        "different": len(re.findall(r"^\| B\d.*\| differs: ", page, re.MULTILINE)),
        "later": len(re.findall(r"^\| B\d.*\| later: ", page, re.MULTILINE)),
        "tests": tests_in(*files),
    }
    require(figures["tests"] == figures["with_a_test"], f"a test for each row: {figures}")
    return figures


def scripts():
    build_release()
    tests_in(ROOT / "tests" / "cli" / "stable_shapes_test.py")
    blocks = passes(sys.executable, ROOT / "tests" / "docs" / "run", "--pls", BIN / "pls")
    return {"documents": blocks.strip().splitlines()}
