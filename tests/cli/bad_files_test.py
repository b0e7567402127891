"""Files that are no pools, or no more: every command says what they are, and none of them is changed."""

import os
import struct
import unittest

from cli_harness import CliTest

PAGE = 4096


class BadFiles(CliTest):
    def setUp(self):
        super().setUp()
        self.create("good", size="64K")
        self.feed("good", {"n": 1})

    def commands(self, name):
        return [["feed", name, "{}"], ["follow", name, "-n", "1"], ["fetch", name, "1"],
                ["pool", "info", name]]

    def check(self, name, content, code, kind, message, hint):
        path = self.path(name)
        path.write_bytes(content)
        for command in self.commands(name):
            with self.subTest(" ".join(command)):
                self.refused(*command, code=code, kind=kind, message=message, hint=hint, path=path)
        self.assertEqual(path.read_bytes(), content, "the file is left as it was")
        self.assertEqual([record["n"] for record in self.data("good")], [1])

    def test_foreign(self):
        self.check("text", b"Dear diary,\n" * 9000, 7, "Corrupt", "bad magic", "Recreate")
        self.check("short", b"PK\x03\x04", 7, "Corrupt", "bad magic", "Recreate")
        self.check("zeros", bytes(65536), 7, "Corrupt", "", "Recreate")

    def test_empty(self):
        self.check("empty", b"", 7, "Corrupt", "empty", "Recreate")

    def test_cut_short(self):
        whole = self.path("good").read_bytes()
        for size in (1, 100, PAGE, 8 * PAGE, len(whole) - 1):
            self.check("cut", whole[:size], 7, "Corrupt", "", "Recreate")

    def test_newer_version(self):
        whole = bytearray(self.path("good").read_bytes())
        for superblock in (0, len(whole) - PAGE):
            self.assertEqual(whole[superblock:superblock + 4], b"PLSM")
            struct.pack_into("<I", whole, superblock + 4, 5)
        self.check("newer", bytes(whole), 2, "Usage", "unsupported pool format version 5", "newer")
        # A future format need not keep its copies where ours are.
        header = b"PLSM" + struct.pack("<I", 77)
        self.check("later", header + bytes(65536 - len(header)), 2, "Usage",
                   "unsupported pool format version 77", "newer")

    def test_version_3(self):
        header = bytearray(PAGE)
        header[:9] = b"PLSM" + struct.pack("<IB", 3, 1)
        for offset, value in ((16, 65536), (24, PAGE), (32, 256), (40, 2 * PAGE), (48, 65536 - 2 * PAGE)):
            struct.pack_into("<Q", header, offset, value)
        content = bytes(header) + bytes(65536 - PAGE)
        self.check("three", content, 2, "Usage", "unsupported pool format version 3", "format 3")

    def test_no_regular_file(self):
        self.path("dir").mkdir()
        os.mkfifo(self.path("fifo"))  # opening one would wait for somebody at its other end
        for name, what in (("dir", "directory"), ("fifo", "not a regular file")):
            for command in self.commands(name):
                self.refused(*command, code=2, kind="Usage", message=what, path=self.path(name),
                             timeout=10)

    def test_a_damaged_record_harms_no_other(self):
        self.create("d", size="64K")
        for n in range(1, 6):
            self.feed("d", {"n": n})
        with self.path("d").open("r+b") as file:
            offset = file.read().index(b'{"n":3}')
            file.seek(offset + 5)
            file.write(b"4")
        result = self.pls("follow", "d", "--since", "1h", "--jsonl", "--data-only", "--timeout", "50ms",
                          code=124)
        self.assertEqual(result.stdout, b'{"n":1}\n{"n":2}\n{"n":4}\n{"n":5}\n')
        notice, = self.notices(result.stderr)
        self.assertEqual((notice["details"]["cause"], notice["details"]["last_seen_seq"],
                          notice["details"]["next_seen_seq"]), ("damage", 2, 4))
        self.refused("fetch", "d", "3", code=7, kind="Corrupt")
        self.pls("fetch", "d", "4")
        self.feed("d", {"n": 6})


if __name__ == "__main__":
    unittest.main()
