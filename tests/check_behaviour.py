#!/usr/bin/env python3
"""Checks that every row of spec/cli-behaviour.md has a test named after it, and every such test a row.

    tests/check_behaviour.py [ROOT]       checks the tree
    tests/check_behaviour.py --self-test  checks that offences are noticed

A row is `| B1.2-size | behaviour | test |`. Its test is `def test_b1_2_size__…` in
tests/cli/behaviour_WORD_test.py, where WORD in backquotes is the last cell. Or that cell begins with "later:" or
"differs:" and says why; "differs" also names a test of ours, as `tests/path::word`.
"""

import pathlib
import re
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent / "support"))
import house_check  # noqa: E402

PAGE = "spec/cli-behaviour.md"
ROW = re.compile(r"^\| (B\d[\w.-]*) \|(.*)\| (.*?) \|$")
NAME = re.compile(r"^B\d(?:\.\d)?(?:-[a-z0-9]+)+$")
TEST = re.compile(r"^    def test_(b\d\w*?)__\w+\(self\):", re.MULTILINE)
WORD = re.compile(r"^`(\w+)`$")
REASON = re.compile(r"^(later|differs): .{3,}")
REFERENCE = re.compile(r"`(tests/[\w./-]+)::(\w+)`")


def as_test(row):
    return re.sub(r"[.-]", "_", row).lower()


def named_tests(root):
    """Which rows each word's file has tests for, and all of them together: names may not be twice."""
    by_word, twice = {}, []
    for path in sorted((root / "tests/cli").glob("*.py")):
        match = re.match(r"behaviour_(\w+)_test$", path.stem)
        names = TEST.findall(path.read_text())
        twice += [name for name in set(names) if names.count(name) > 1]
        by_word[match[1] if match else path.name] = set(names)
    return by_word, twice


def problem_with(root, by_word, row, cell):
    """Why the last cell of a row is not right; None: it is."""
    if word := WORD.match(cell):
        if as_test(row) not in by_word.get(word[1], set()):
            return f"{row}: no test_{as_test(row)}__… in tests/cli/behaviour_{word[1]}_test.py"
        return None
    reason = REASON.match(cell)
    if not reason:
        return f'{row}: no test, no "later: …", no "differs: …"'
    if reason[1] == "differs" and not REFERENCE.search(cell):
        return f"{row}: differs, and no test of what is done instead"
    for path, name in REFERENCE.findall(cell):
        file = root / path
        if not file.is_file() or not re.search(rf"\bdef {name}\(", file.read_text()):
            return f"{row}: there is no {path}::{name}"
    return None


def check(root):
    by_word, twice = named_tests(root)
    problems = [f"tests/cli: {name} is tested twice in one file" for name in twice]
    expected, rows = set(), []
    for number, line in enumerate((root / PAGE).read_text().splitlines(), 1):
        if not line.startswith("| B"):
            continue
        match = ROW.match(line)
        if not match or not NAME.match(match[1]) or len(match[2].strip()) < 4:
            problems.append(f"{PAGE}:{number}: this is no row")
            continue
        row, cell = match[1], match[3]
        if row in rows:
            problems.append(f"{PAGE}:{number}: {row} is there twice")
        rows.append(row)
        if problem := problem_with(root, by_word, row, cell):
            problems.append(f"{PAGE}:{number}: {problem}")
        if word := WORD.match(cell):
            expected.add((word[1], as_test(row)))
    for word, names in by_word.items():
        for name in sorted(names):
            if (word, name) not in expected:
                problems.append(f"tests/cli: test_{name}__… ({word}) is for no row of {PAGE}")
    return problems, len(rows)


def self_test():
    page = ("| row | behaviour | test |\n|---|---|---|\n| B1.2-size | digits | `values` |\n"
            "| B3-line | a line | `tap` |\n| B4.3-remote | far away | later: remote pools |\n"
            "| B2.1-window | waits | differs: does not. `tests/cli/other_test.py::test_at_once` |\n")
    values = "class A:\n    def test_b1_2_size__is_digits(self):\n        pass\n"
    cases = [
        (page, values, 0),
        (page.replace("`values`", "`tap`"), values, 2),
        (page.replace("`values`", "`nothing`"), values, 2),
        (page, values.replace("size__", "size_and_more__"), 2),
        (page, values.replace("size__", "size_"), 1),
        (page, values + values[9:], 1),
        (page, values + "    def test_b9_9_nowhere__at_all(self):\n", 1),
        (page + "| B1.2-size | again | `values` |\n", values, 1),
        (page + "| B1.5-shape | without a test | |\n", values, 1),
        (page + "| B1.5-shape | | `values` |\n", values, 1),
        (page + "| B1.5-shape | is later | later |\n", values, 1),
        (page + "| B1.5-shape | is other | differs: because |\n", values, 1),
        (page.replace("at_once", "at_on"), values, 1),
        (page.replace("other_test", "another_test"), values, 1),
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("spec", "tests/cli"):
            (root / name).mkdir(parents=True)
        (root / "tests/cli/behaviour_tap_test.py").write_text("    def test_b3_line__is_kept(self):\n")
        (root / "tests/cli/other_test.py").write_text("    def test_at_once(self):\n")
        for text, code, expected in cases:
            (root / PAGE).write_text(text)
            (root / "tests/cli/behaviour_values_test.py").write_text(code)
            problems, _ = check(root)
            assert len(problems) == expected, (text, code, problems)
    print(f"check_behaviour: self-test, {len(cases)} cases")


if __name__ == "__main__":
    house_check.run("check_behaviour", check, self_test, "rows")
