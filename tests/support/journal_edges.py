#!/usr/bin/env python3
"""Writes journal entries with every edge in the journal export format, for systemd-journal-remote.

    tests/support/journal_edges.py > edges.export

Lines, NUL and all other bytes in values, fields that occur again, fields of 1 MiB, a thousand fields, names that no
journal takes, boots that begin anew and a clock that steps back. Always the same bytes.
"""

import random
import struct
import sys

FIRST_TIME_US = 1_760_000_000_000_000


def field(name, value):
    value = value if isinstance(value, bytes) else value.encode()
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


class Entries:
    def __init__(self):
        self.count = 0
        self.parts = []

    def add(self, *fields, boot=1, time_us=None, monotonic_us=None):
        self.count += 1
        step = self.count * 1000
        self.parts += [
            field("__CURSOR", "s=deadbeef;i=1"),  # importers give entries a position of their own
            field("__REALTIME_TIMESTAMP", str(FIRST_TIME_US + (step if time_us is None else time_us))),
            field("__MONOTONIC_TIMESTAMP", str(1_000_000 + step if monotonic_us is None else monotonic_us)),
            field("_BOOT_ID", f"{boot:032x}"),
            *[field(name, value) for name, value in fields],
            b"\n",
        ]


def edges():
    """All of them, as bytes."""
    entries = Entries()
    add = entries.add
    rng = random.Random(2)
    add(("MESSAGE", "plain"))
    add(("MESSAGE", "line1\nline2\nline3"))
    add(("MESSAGE", b"\xff\xfe\x00bad utf8\x1b[31mred\x1b[0m"))
    add(("MESSAGE", bytes(range(256))), ("PRIORITY", "3"))
    add(("MESSAGE", ""), ("EMPTY", ""))
    add(("DUP", "one"), ("DUP", "two"), ("DUP", "one"), ("MESSAGE", "fields that occur again"))
    add(("COREDUMP", b"\x7fELF" + b"A" * (1 << 20)), ("MESSAGE", "1 MiB that compresses well"))
    add(("BLOB", rng.randbytes(70000)), ("MESSAGE", "70 kB that do not"))
    add(("MESSAGE", "m" * 3000))
    add(("MESSAGE", "k=v=w"), ("X", "="))
    add(("MESSAGE", "snö ✓ 𝄞"))
    add(("MESSAGE", "second boot"), boot=2, time_us=5_000_000, monotonic_us=10)
    add(("MESSAGE", "the clock steps back"), boot=2, time_us=1_000_000, monotonic_us=20)
    add(("MESSAGE", "first boot again"), boot=1, time_us=6_000_000, monotonic_us=3_000_000_000)
    add(("_NAMESPACE", "ns1"), ("MESSAGE", "of a namespace"), boot=2, time_us=6_000_000, monotonic_us=30)
    add(*[(f"F{i:04}", f"x{i}") for i in range(1030)], ("MESSAGE", "more fields than an entry may have"))
    for name in ("lowercase", "9DIGIT", "A" * 65, "__UNKNOWN"):
        add((name, "x"), ("MESSAGE", f"a field that is none: {name[:10]}"))
    add(("MESSAGE", "the last one"))
    return b"".join(entries.parts), entries.count


def main():
    sys.stdout.buffer.write(edges()[0])


if __name__ == "__main__":
    main()
