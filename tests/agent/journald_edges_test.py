"""Every edge that a journal can have: the records hold what `journalctl -o json --all` shows, and in the order
of fields that the specification gives."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "support"))
import journal_edges  # noqa: E402

PLS = os.environ["PLS_BIN"]
IMPORTER = "/lib/systemd/systemd-journal-remote"
ADDRESS = ["__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "_BOOT_ID"]


def as_bytes(value):
    """A value of journalctl: text, or a list of bytes where that is no plain text."""
    return bytes(value) if isinstance(value, list) else value.encode()


def their_values(value):
    is_several = isinstance(value, list) and value and not isinstance(value[0], int)
    return [as_bytes(item) for item in (value if is_several else [value])]


def our_values(record, name):
    exact = record.get(name + "_base64")
    values = record[name] if exact is None else exact
    decode = str.encode if exact is None else base64.b64decode
    return [decode(item) for item in (values if isinstance(values, list) else [values])]


class JournaldEdges(unittest.TestCase):
    def test_records_hold_what_journalctl_shows(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        journal = pathlib.Path(folder, "journal")
        journal.mkdir()
        text, count = journal_edges.edges()
        pathlib.Path(folder, "edges.export").write_bytes(text)
        subprocess.run([IMPORTER, f"--output={journal}/edges.journal", f"{folder}/edges.export"],
                       check=True, capture_output=True)
        pool = f"{folder}/pool"
        subprocess.run([PLS, "intake", "journald", "-q", "--once", "--create", "--create-size", "64M",
                        "--start", "oldest", "--max-record", "4M", "--directory", journal, pool], check=True)
        ours = subprocess.run([PLS, "follow", pool, "--jsonl", "--data-only", "--since-seq", "1", "--until", "now"],
                              check=True, capture_output=True).stdout.splitlines()
        theirs = subprocess.run(["journalctl", "-q", "-D", journal, "-o", "json", "--all"],
                                check=True, capture_output=True).stdout.splitlines()
        records = [json.loads(line) for line in ours]
        shown = {entry["__CURSOR"]: entry for entry in map(json.loads, theirs)}
        self.assertEqual(len(records), count)
        self.assertEqual([record["__CURSOR"] for record in records], list(shown))
        for record in records:
            entry = shown[record["__CURSOR"]]
            self.assertEqual(list(record)[:4], ADDRESS)
            names = {name for name in record if not name.endswith("_base64")}
            self.assertEqual(names, set(entry))
            for name in names:
                self.assertEqual(our_values(record, name), their_values(entry[name]), name)


if __name__ == "__main__":
    unittest.main()
