#!/usr/bin/env python3
"""Fails on an #include that goes against the layers (docs/architecture.md), and on a C or C++ file
that lies in none of them.

    tests/check_layers.py [ROOT]       checks the tree
    tests/check_layers.py --self-test  checks that every kind of wrong include or place is noticed

Two tables say everything: ALLOWED for our own folders, LIBRARIES for those of others.
"""

import pathlib
import re
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent / "support"))
import house_check  # noqa: E402

# A folder may include its own headers and those below the folders named here.
ALLOWED = {
    "core/base": [],
    "core/pool": ["core/base"],
    # The envelope prints what a cursor returns: the value types of core/pool/record.h, nothing else.
    "core/record": ["core/base", "core/pool/record.h"],
    "core/append": ["core/base", "core/pool", "core/record"],
    "core/client": ["core/base", "core/pool", "core/record", "core/append"],
    "core/async": ["core/base"],
    "core/filter": ["core/base", "core/record/utf8.h", "core/record/json_grammar.h"],
    "capture": ["core"],
    "sources": ["core"],
    "sinks": ["core"],
    "agent": ["core", "capture", "sources", "sinks"],
    "bindings": [],
    "tests": [""],
}

# async/ and filter/ are targets of their own beside plasmite_core: only these may see them.
ASIDE = {
    "core/async": ["sources", "sinks", "agent", "tests"],
    "core/filter": ["sinks", "agent", "tests"],
}

# The rest of core/pool is private to it: nothing outside knows an offset in a pool file.
POOL_PUBLIC = {"core/pool/pool.h", "core/pool/record.h", "core/pool/doctor.h",
               "core/pool/pool_copy.h", "core/pool/pool_limits.h", "core/pool/pool_resize.h"}

# <header> prefixes of other people's libraries, and who may use them. What is not listed here is
# the system's own.
LIBRARIES = {
    "simdjson": ["core", "tests"],
    "CLI/": ["agent"],
    "toml++": ["agent"],
    "spdlog/": ["agent", "sources", "sinks", "core/async"],
    "fmt/": ["agent", "sources", "sinks", "core/async"],
    "boost/": ["core/async", "sources", "sinks", "agent", "tests"],
    "openssl/": ["core/async", "sinks"],
    "systemd/": ["sources", "agent", "tests"],
    "nats": ["sinks"],
    "jq.h": ["core/filter", "tests"],
    "jv.h": ["core/filter", "tests"],
    "gtest/": ["tests"],
    "gmock/": ["tests"],
    "benchmark/": ["tests"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def is_below(path, folder):
    return folder == "" or path == folder or path.startswith(folder + "/")


def layer_of(path):
    """The key of ALLOWED that a file belongs to, or None."""
    parts = path.split("/")
    if len(parts) < 2:
        return None
    key = "/".join(parts[:2]) if parts[0] == "core" else parts[0]
    return key if key in ALLOWED else None


def why_own_is_wrong(root, layer, included):
    if not (root / included).is_file():
        return "is not a file of the tree (write includes from the root)"
    if is_below(included, layer):
        return None
    if is_below(included, "tests"):
        return "nothing includes tests"
    aside = layer_of(included)
    if aside in ASIDE:
        return None if layer in ASIDE[aside] else f"only {', '.join(ASIDE[aside])} may see {aside}"
    if not any(is_below(included, allowed) for allowed in ALLOWED[layer]):
        return f"{layer} must not depend on it"
    if is_below(included, "core/pool") and included not in POOL_PUBLIC and layer != "tests":
        return "is private to core/pool"
    return None


def why_library_is_wrong(layer, included):
    for prefix, users in LIBRARIES.items():
        if included.startswith(prefix) and not any(is_below(layer, user) for user in users):
            return f"{layer} must not use it (only {', '.join(users)})"
    return None


def check_file(root, path):
    name = path.relative_to(root).as_posix()
    layer = layer_of(name)
    if layer is None:
        return [f"{name}: belongs to no layer known to tests/check_layers.py"]
    problems = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        own, library = match.groups()
        why = why_own_is_wrong(root, layer, own) if own else why_library_is_wrong(layer, library)
        if why:
            problems.append(f"{name}:{number}: {line.strip()}: {why}")
    return problems


def sources_below(root):
    """Every C and C++ file of the tree: the layers' own and those beside them."""
    for top in sorted(root.iterdir()):
        if top.name == "build" or top.name.startswith("."):
            continue
        for path in [top, *sorted(top.rglob("*"))]:
            if path.suffix in (".h", ".cc", ".c", ".cpp", ".hpp") and path.is_file():
                yield path


def check(root):
    problems, count = [], 0
    for path in sources_below(root):
        count += 1
        problems += check_file(root, path)
    return problems, count


def self_test():
    good = {
        "core/base/error.h": "#include <string>",
        "core/pool/pool.h": '#include "core/base/error.h"',
        "core/pool/record.h": "",
        "core/pool/pool_format.h": "",
        "core/pool/pool.cc": '#include "core/pool/pool_format.h"',
        "core/record/json.cc": '#include "core/pool/record.h"\n#include <simdjson.h>',
        "core/append/appender.h": '#include "core/pool/pool.h"\n#include "core/record/json.cc"',
        "core/async/timer.h": "#include <boost/asio.hpp>",
        "capture/child.h": '#include "core/base/error.h"',
        "sources/lines.h": '#include "core/append/appender.h"\n#include "core/async/timer.h"',
        "sinks/follow.h": '#include "core/pool/pool.h"',
        "agent/main.cc": '#include "capture/child.h"\n#include "sinks/follow.h"\n#include <CLI/CLI.hpp>',
        "tests/support/tool.h": "",
        "tests/unit/pool_test.cc": '#include "core/pool/pool_format.h"\n#include <gtest/gtest.h>',
    }
    bad = [
        ("core/base/a.h", '#include "core/pool/pool.h"'),
        ("core/pool/a.h", '#include "core/record/json.cc"'),
        ("core/record/a.h", '#include "core/pool/pool.h"'),
        ("core/append/a.h", '#include "core/pool/pool_format.h"'),
        ("core/append/a.h", '#include "core/async/timer.h"'),
        ("core/append/a.h", '#include "sources/lines.h"'),
        ("core/pool/a.h", "#include <boost/asio.hpp>"),
        ("capture/a.h", "#include <simdjson.h>"),
        ("capture/a.h", '#include "sources/lines.h"'),
        ("sources/a.h", '#include "capture/child.h"'),
        ("sources/a.h", '  #  include "sinks/follow.h"'),
        ("sinks/a.h", '#include "core/pool/pool_format.h"'),
        ("sinks/a.h", "#include <CLI/CLI.hpp>"),
        ("agent/a.h", '#include "core/pool/pool_format.h"'),
        ("agent/a.h", '#include "tests/support/tool.h"'),
        ("agent/a.h", '#include "main.cc"'),
        ("bindings/a.c", '#include "core/pool/pool.h"'),
        ("core/odd/a.h", ""),
        ("a.cc", ""),
        ("odd/a.h", ""),
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in good.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n")
        problems, _ = check(root)
        assert not problems, problems
        for name, text in bad:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"// a comment\n{text}\n")
            problems, _ = check(root)
            assert len(problems) == 1 and problems[0].startswith(name), (name, text, problems)
            path.unlink()
    print(f"check_layers: self-test, {len(bad)} mistakes noticed")


if __name__ == "__main__":
    house_check.run("check_layers", check, self_test, "files")
