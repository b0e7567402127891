"""What the tests of the journald source share: journals of every kind, and `pls intake journald` on them."""

import base64
import json
import pathlib
import signal
import subprocess
import sys

from cli_harness import PLS, TIMEOUT, CliTest, wait_for

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from journald_namespace import PrivateJournald, needs_root  # noqa: E402


class IntakeTest(CliTest):
    """Journals that lie in files: `pls intake journald` is told where."""

    def summary(self, result):
        """The details of the one notice of an intake that ended well."""
        (notice,) = self.notices(result.stderr)
        self.assertEqual((notice["cmd"], notice["kind"]), ("intake", "intake_summary"), notice)
        self.assertEqual(list(notice["details"]), sorted(notice["details"]))
        return notice["details"]

    def take_in(self, pool, *options):
        """Everything there is; the summary."""
        return self.summary(self.pls("intake", "journald", pool, "--create", "--once", *options))

    def records(self, pool):
        """The data of what came from a journal."""
        return [message["data"] for message in self.retained(pool) if "lifecycle" not in message["meta"]["tags"]]

    def gaps(self, pool):
        found = [message["data"] for message in self.retained(pool) if "lifecycle" in message["meta"]["tags"]]
        for gap in found:
            self.assertEqual(list(gap), ["count", "from", "kind", "reason", "source", "to"])
            self.assertEqual(gap["kind"], "gap")
        return found

    def texts(self, pool):
        return [record.get("MESSAGE") for record in self.records(pool)]

    def numbers(self, pool):
        return [int(record["NUMBER"]) for record in self.records(pool) if "NUMBER" in record]

    def assert_same_as_journalctl(self, records, lines):
        """`lines` are those of `journalctl -o json --all`."""
        expected = [as_record(json.loads(line)) for line in lines.splitlines()]
        self.assertEqual(len(records), len(expected))
        for record, wanted in zip(records, expected):
            self.assertEqual(record, wanted)


def as_bytes(value):
    """What journalctl shows as text, or, where it is not printable, as a list of numbers."""
    return value.encode() if isinstance(value, str) else bytes(value)


def as_record(shown):
    """An entry as journalctl shows it, by the rule for bytes of spec/journald.md."""
    record = {}
    for name, value in shown.items():
        is_repeated = isinstance(value, list) and value and not isinstance(value[0], int)
        elements = [as_bytes(element) for element in value] if is_repeated else [as_bytes(value)]
        texts = [element.decode(errors="replace") for element in elements]
        coded = [base64.b64encode(element).decode() for element in elements]
        is_text = all(text.encode() == element for text, element in zip(texts, elements))
        record[name] = texts if is_repeated else texts[0]
        if not is_text:
            record[name + "_base64"] = coded if is_repeated else coded[0]
    return record


@needs_root
class JournaldTest(IntakeTest):
    """A journald of the test's own. Everything that reads its journal runs in its namespace."""

    settings = {}
    flushed = True

    def setUp(self):
        super().setUp()
        self.journald = PrivateJournald(self.dir / "journald", flushed=self.flushed, **self.settings)
        self.addCleanup(self.journald.close)
        self.sent = 0

    def send(self, count=1, **fields):
        """Entries with the next numbers; returns when they are in the journal."""
        for _ in range(count):
            self.journald.send(MESSAGE=f"entry {self.sent}", NUMBER=self.sent, **fields)
            self.sent += 1
        self.journald.sync()

    def inside(self, *arguments, code=0, **options):
        """Runs pls in the namespace."""
        result = self.journald.run([PLS, *arguments], check=False, env=self.env, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **options)
        self.assertEqual(result.returncode, code, (arguments, result.stdout, result.stderr))
        return result

    def take_in(self, pool, *options):
        return self.summary(self.inside("intake", "journald", pool, "--create", "--once", *options))

    def start_intake(self, pool, *options, code=0):
        """One that goes on; returns when it has begun to read. See stop()."""
        process = self.journald.popen([PLS, "intake", "journald", pool, "--create", *options], env=self.env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        # It stores its position when it begins.
        wait_for(lambda: process.poll() is not None or self.has_begun(pool), "the intake begins")
        return process

    def has_begun(self, pool):
        path = self.path(pool)
        return path.exists() and b";i=" in path.read_bytes()[: 1 << 20]

    def stop(self, process, how=signal.SIGTERM, code=0):
        """Ends an intake; its summary."""
        process.send_signal(how)
        out, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, out), (code, b""), errors)
        return self.notices(errors)[-1]["details"]

    def wait_for_numbers(self, pool, count):
        wait_for(lambda: len(self.numbers(pool)) >= count, f"{count} entries are in the pool")
