"""Makes journal files with systemd-journal-remote, from entries that a test describes.

    write_journal(folder / "some.journal", [entry(1, MESSAGE="hello"), entry(2, boot=2, MESSAGE=b"\\xff")])

An importer rotates by itself when a file is full, or an entry's time goes back: then there are several
files, of which the last one has the name that was asked for.
"""

import pathlib
import subprocess

import journal_export

IMPORTER = "/lib/systemd/systemd-journal-remote"
FIRST_BOOT = 0xB007


def boot_id(boot):
    return f"{FIRST_BOOT + boot:032x}"


def entry(number, *pairs, boot=1, time_us=None, monotonic_us=None, **fields):
    """One entry in the export format. Numbers give times that rise; pairs are for fields that repeat."""
    time_us = journal_export.FIRST_TIME_US + number * 1000 if time_us is None else time_us
    monotonic_us = 1_000_000 + number * 1000 if monotonic_us is None else monotonic_us
    parts = [
        journal_export.text_field("__REALTIME_TIMESTAMP", time_us),
        journal_export.text_field("__MONOTONIC_TIMESTAMP", monotonic_us),
        journal_export.text_field("_BOOT_ID", boot_id(boot)),
    ]
    for name, value in [*pairs, *fields.items()]:
        value = value if isinstance(value, bytes) else str(value).encode()
        parts.append(journal_export.binary_field(name, value))
    return b"".join(parts) + b"\n"


def server_entry(number):
    """One of 18 fields, as the service of a small server leaves them."""
    service = number % 20
    return entry(
        number,
        _MACHINE_ID=journal_export.MACHINE_ID, _HOSTNAME="vm", _TRANSPORT="stdout",
        PRIORITY=(3, 4, 6, 6, 6, 6)[number * 7 % 6], SYSLOG_FACILITY=3,
        _SYSTEMD_UNIT=f"svc{service}.service", SYSLOG_IDENTIFIER=f"svc{service}",
        _PID=1000 + service, _UID=1000, _GID=1000, _COMM="svc", _EXE="/usr/bin/svc",
        _CMDLINE=f"/usr/bin/svc --n {service}", _SYSTEMD_CGROUP=f"/system.slice/svc{service}.service",
        _SYSTEMD_SLICE="system.slice", _STREAM_ID=f"{service:032x}",
        MESSAGE=f"{number} request handled path=/api/v1/item/{number * 7919 % 100000} status=200 "
                f"dur_us={number * 104729 % 100000} user=u{number % 1000}",
    )


def write_journal(path, entries):
    """Imports entries, an iterable of bytes, into a journal file; returns all files that came of it."""
    path = pathlib.Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    importer = subprocess.Popen([IMPORTER, "-o", str(path), "-"], stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with importer.stdin:
        for one in entries:
            importer.stdin.write(one)
    errors = importer.stderr.read()
    importer.stderr.close()
    if importer.wait() != 0:
        raise RuntimeError(errors.decode(errors="replace"))
    return sorted(path.parent.glob("*.journal"))


def journalctl(*options):
    """What journalctl prints, as bytes: of files, so that no journald need run."""
    return subprocess.run(["journalctl", "-q", "--no-pager", *map(str, options)], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
