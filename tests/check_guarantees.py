#!/usr/bin/env python3
"""Checks that spec/guarantees.md and spec/lessons.md name tests, and only tests that exist.

    tests/check_guarantees.py [ROOT]       checks the tree
    tests/check_guarantees.py --self-test  checks that a missing or dangling name is noticed

A test is named in backquotes, as `Suite.Name` (a TEST in tests/), `tests/path` (a file), or
`tests/path::word` (a word in that file). In guarantees.md every list item names one. In lessons.md
the last cell of every table row names one, or starts with "later" or "not ours" and says why.
"""

import pathlib
import re
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent / "support"))
import house_check  # noqa: E402

TEST_MACRO = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
QUOTED = re.compile(r"`([^`\n]+)`")
REFERENCE = re.compile(r"^(?:[A-Z]\w*\.[A-Z]\w*|(?:tests|spec)/[\w./-]+(?:::[\w.-]+)?)$")


def defined_tests(root):
    found = set()
    for path in (root / "tests").rglob("*.cc"):
        for suite, name in TEST_MACRO.findall(path.read_text(errors="replace")):
            found.add(f"{suite}.{name}")
    return found


def exists(root, tests, reference):
    if not reference.startswith(("tests/", "spec/")):
        return reference in tests
    path, _, word = reference.partition("::")
    path = root / path
    if not word:
        return path.exists()
    return path.is_file() and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", path.read_text()) is not None


def references(text):
    return [quoted for quoted in QUOTED.findall(text) if REFERENCE.match(quoted)]


def list_items(text):
    """(line number, text) of every list item with its continuation lines."""
    items = []
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"(?:[-*]|\d+\.) ", line):
            items.append([number, line])
        elif items and items[-1] is not None and line.startswith(" ") and line.strip():
            items[-1][1] += "\n" + line
        else:
            items.append(None)
    return [tuple(item) for item in items if item]


def table_rows(text):
    """(line number, last cell) of every table row below a header."""
    rows, header_seen = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            header_seen = False
        elif re.match(r"^\|[\s:|-]+\|$", line):
            header_seen = True
        elif header_seen:
            rows.append((number, line.strip().strip("|").split("|")[-1].strip()))
    return rows


def check(root):
    tests = defined_tests(root)
    problems, count = [], 0
    guarantees = (root / "spec" / "guarantees.md").read_text()
    lessons = (root / "spec" / "lessons.md").read_text()
    for number, item in list_items(guarantees):
        if not references(item):
            problems.append(f"spec/guarantees.md:{number}: names no test")
    for number, cell in table_rows(lessons):
        if not references(cell) and not re.match(r"(?:later|not ours)\b.{8,}", cell):
            problems.append(f'spec/lessons.md:{number}: no test, no "later", no "not ours"')
    for name, text in (("guarantees", guarantees), ("lessons", lessons)):
        for number, line in enumerate(text.splitlines(), 1):
            for reference in references(line):
                count += 1
                if not exists(root, tests, reference):
                    problems.append(f"spec/{name}.md:{number}: there is no {reference}")
    return problems, count


def self_test():
    good_promises = "# G\n\n- one promise\n  of two lines. Tests: `Ring.Wraps`, `tests/cli/a.py::test_x`\n\ntext\n"
    good_lessons = "| a | b |\n|---|---|\n| x | `Ring.Wraps` |\n| y | later: with the agent |\n"
    cases = [
        (good_promises, good_lessons, 0),
        (good_promises + "- a promise without a test\n", good_lessons, 1),
        (good_promises.replace("Wraps", "Wrap"), good_lessons, 1),
        (good_promises.replace("test_x", "test"), good_lessons, 1),
        (good_promises.replace("a.py::", "b.py::"), good_lessons, 1),
        (good_promises, good_lessons + "| z | |\n", 1),
        (good_promises, good_lessons + "| z | later |\n", 1),
        (good_promises, good_lessons + "| z | `Ring.Gone` |\n", 1),
        (good_promises, good_lessons + "| z | `tests/none` |\n", 1),
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("spec", "tests/unit", "tests/cli"):
            (root / name).mkdir(parents=True)
        (root / "tests/unit/ring_test.cc").write_text("TEST_F(Ring,\n       Wraps) {}\n")
        (root / "tests/cli/a.py").write_text("def test_x(): pass\n")
        for promises, lessons, expected in cases:
            (root / "spec/guarantees.md").write_text(promises)
            (root / "spec/lessons.md").write_text(lessons)
            problems, _ = check(root)
            assert len(problems) == expected, (promises, lessons, problems)
    print(f"check_guarantees: self-test, {len(cases)} cases")


if __name__ == "__main__":
    house_check.run("check_guarantees", check, self_test, "names of tests")
