#!/usr/bin/env python3
"""Finds files and functions that grew too long to be read at a sitting.

    tests/check_sizes.py [ROOT]       warns from 400 lines per file, fails above 600; fails on a
                                      function over 60 lines without a comment "// long: why"
    tests/check_sizes.py --self-test  checks that both are noticed

Functions are found by their braces: good enough for the way this tree is formatted.
"""

import pathlib
import re
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent / "support"))
import house_check  # noqa: E402

WARN_FILE_LINES = 400
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
TOPS = ["agent", "bindings", "capture", "core", "sinks", "sources", "tests"]

# Comments, raw strings, strings and character literals; a digit separator (1'000) is none of these.
HIDDEN = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
    """,
    re.VERBOSE | re.DOTALL,
)
# What may stand before a brace that only holds declarations.
CONTAINER = re.compile(
    r"^(?:extern\s*\"?\s*\"?|(?:inline\s+)?namespace\b[^()]*"
    r"|(?:template\s*<.*>\s*)?(?:class|struct|union)\b(?:[^()]|alignas\s*\([^)]*\))*"
    r"|(?:typedef\s+)?(?:struct|union)\b[^()]*)$",
    re.DOTALL,
)


def blank(match):
    """The same number of lines, nothing in them."""
    return re.sub(r"[^\n]", " ", match.group(0))


def functions(text):
    """(name, first line, last line) of every function body that is not inside another."""
    code = HIDDEN.sub(blank, text)
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, code, flags=re.MULTILINE)
    found = []
    stack = []  # of "container", "function" or "other"; only containers are looked into
    head_start = 0
    open_at = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        inside = [kind for kind in stack if kind != "container"]
        if match.group() == "{":
            head = code[head_start:at].strip()
            if inside:
                stack.append("other")
            elif CONTAINER.match(head):
                stack.append("container")
            elif "(" in head:
                stack.append("function")
                name_at = head_start + len(code[head_start:at]) - len(code[head_start:at].lstrip())
                open_at = name_at
            else:
                stack.append("other")
            if stack[-1] == "container":
                head_start = at + 1
        elif match.group() == "}":
            kind = stack.pop() if stack else "container"
            if kind == "function":
                first = code.count("\n", 0, open_at) + 1
                last = code.count("\n", 0, at) + 1
                head = " ".join(code[open_at : code.index("{", open_at)].split())
                found.append((head[:80], first, last))
            if not [kind for kind in stack if kind != "container"]:
                head_start = at + 1
        elif not inside:
            head_start = at + 1
    return found


def check_file(name, text):
    """(problems, warnings)"""
    problems, warnings = [], []
    lines = text.splitlines()
    if len(lines) > MAX_FILE_LINES:
        problems.append(f"{name}: {len(lines)} lines; which idea is hiding in it?")
    elif len(lines) > WARN_FILE_LINES:
        warnings.append(f"{name}: {len(lines)} lines")
    for head, first, last in functions(text):
        length = last - first + 1
        if length <= MAX_FUNCTION_LINES:
            continue
        around = "\n".join(lines[max(0, first - 5) : last])
        if not re.search(r"//[ \t]*long:[ \t]*\S.{3,}", around):
            problems.append(f"{name}:{first}: {length} lines: {head} (split it, or say why: // long:)")
    return problems, warnings


def check(root):
    problems, warnings, count = [], [], 0
    for top in TOPS:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".h", ".cc", ".c", ".cpp", ".hpp") and path.is_file():
                count += 1
                name = path.relative_to(root).as_posix()
                of_file = check_file(name, path.read_text(errors="replace"))
                problems += of_file[0]
                warnings += of_file[1]
    return problems, count, warnings


def self_test():
    def body(count):
        return "".join(f"  f({i}, '{{', \"}}\");  // {{\n" for i in range(count))

    cases = [  # text, names of the functions found, whether it must fail
        ("namespace a::b {\nint f(int x) {\n" + body(58) + "}\n}\n", 1, False),
        ("namespace a::b {\nint f(int x) {\n" + body(59) + "}\n}\n", 1, True),
        ("// long: a table\nint f(int x) {\n" + body(90) + "}\n", 1, False),
        ("int f(int x) {\n  // long: one case per state\n" + body(90) + "}\n", 1, False),
        ("int f(int x) {\n  // long:\n" + body(90) + "}\n", 1, True),
        ("class A : public B<int> {\n  void f() const {\n" + body(70) + "  }\n};\n", 1, True),
        ("class A {\n" + "  void f() {}\n" * 80 + "};\n", 80, False),
        ("A::A(int b)\n    : b_{b},\n      c_(1) {\n" + body(70) + "}\n", 2, True),
        ("TEST(Suite, Name) {\n  for (int i : a) {\n" + body(70) + "  }\n}\n", 1, True),
        ("const int table[] = {\n" + "  1'000'000,\n" * 100 + "};\nvoid g() {}\n", 1, False),
        ('const char* t = R"x(\n' + "f() {\n" * 100 + ')x";\nvoid g() {}\n', 1, False),
        ("#define X(a) \\\n  do { \\\n" + "  a; \\\n" * 70 + "  } while (0)\nvoid g() {}\n", 1, False),
        ("enum class E : int {\n" + "  a,\n" * 100 + "};\nvoid g() {}\n", 1, False),
        ("struct alignas(64) S {\n" + "  int a{1};\n" * 100 + "};\nvoid g() {}\n", 1, False),
        ('extern "C" {\nvoid g() {\n' + body(70) + "}\n}\n", 1, True),
        ("template <class T>\nstruct S {\n  T f(T t) {\n" + body(70) + "  }\n};\n", 1, True),
        ("int a;\n" * 401, 0, False),
        ("int a;\n" * 601, 0, True),
    ]
    for text, count, must_fail in cases:
        found = functions(text)
        assert len(found) == count, (text[:200], found)
        problems, _ = check_file("x.cc", text)
        assert bool(problems) == must_fail, (text[:200], problems)
    assert check_file("x.cc", "int a;\n" * 401)[1], "no warning from 401 lines on"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "core" / "base" / "long.cc"
        path.parent.mkdir(parents=True)
        path.write_text(cases[1][0])
        assert len(check(pathlib.Path(folder))[0]) == 1
    print(f"check_sizes: self-test, {len(cases)} cases")


if __name__ == "__main__":
    house_check.run("check_sizes", check, self_test, "files")
