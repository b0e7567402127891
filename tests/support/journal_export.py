#!/usr/bin/env python3
"""Writes journal entries in the journal export format, for systemd-journal-remote to import.

    tests/support/journal_export.py COUNT [--boots B] > some.export
    /lib/systemd/systemd-journal-remote -o DIR/some.journal some.export

The entries look like those of a small server: several units, text of several lines, fields that are
not text, a reboot in the middle. The same arguments always give the same bytes.
"""

import argparse
import random
import struct
import sys

FIRST_TIME_US = 1_760_000_000_000_000
MACHINE_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
ENTRIES = [  # unit, message
    ("sshd", "Accepted publickey for {user} from 192.0.2.{n} port {port}"),
    ("nginx", "GET /api/v1/item/{port} 200 {n}ms user={user}"),
    ("postgres", "checkpoint complete: wrote {port} buffers, {n} files"),
    ("cron", "({user}) CMD (run-parts /etc/cron.daily)"),
    ("backup", 'snapshot {port} of "home" finished, 100 % in {n} s'),
    ("menu", "naïve café ✓ {user} 𝄞 {n}"),
]


def text_field(name, value):
    return f"{name}={value}\n".encode()


def binary_field(name, value):
    """How the format carries values with line ends or any other bytes."""
    return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def message_field(index, rng):
    if index % 50 == 7:
        return binary_field("MESSAGE", b"Traceback:\n  line %d\nValueError" % index)
    if index % 50 == 23:
        return binary_field("MESSAGE", b"bytes \xff\xfe\x00 and \x1b[31mred\x1b[0m %d" % index)
    template = ENTRIES[index % len(ENTRIES)][1]
    numbers = {"user": f"u{rng.randrange(100)}", "n": rng.randrange(250), "port": rng.randrange(65536)}
    return text_field("MESSAGE", template.format(**numbers))


def entry(index, count, boots, rng):
    boot = index * boots // count
    unit = ENTRIES[index % len(ENTRIES)][0]
    time_us = FIRST_TIME_US + index * 1000 + boot * 3_600_000_000
    monotonic_us = 1_000_000 + (index - boot * count // boots) * 1000
    fields = [
        text_field("__REALTIME_TIMESTAMP", time_us),
        text_field("__MONOTONIC_TIMESTAMP", monotonic_us),
        text_field("_BOOT_ID", f"{0xB007 + boot:032x}"),
        text_field("_MACHINE_ID", MACHINE_ID),
        text_field("_HOSTNAME", "first-light"),
        text_field("_TRANSPORT", "stdout"),
        text_field("_SYSTEMD_UNIT", f"{unit}.service"),
        text_field("SYSLOG_IDENTIFIER", unit),
        text_field("_PID", 1000 + index % len(ENTRIES)),
        text_field("PRIORITY", rng.choice([3, 4, 6, 6, 6, 6])),
        message_field(index, rng),
    ]
    return b"".join(fields) + b"\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--boots", type=int, default=2)
    arguments = parser.parse_args()
    rng = random.Random(1)
    for index in range(arguments.count):
        sys.stdout.buffer.write(entry(index, arguments.count, arguments.boots, rng))


if __name__ == "__main__":
    main()
