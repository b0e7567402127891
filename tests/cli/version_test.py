"""version: JSON for programs, a line for people."""

import json
import unittest

from cli_harness import CliTest


class Version(CliTest):
    def test_json_when_piped(self):
        result = self.pls("version")
        version = json.loads(result.stdout)
        self.assertEqual(list(version), ["name", "version"])
        self.assertEqual(version["name"], "plasmite")
        self.assertRegex(version["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(result.stderr, b"")

    def test_text_for_people(self):
        number = json.loads(self.pls("version").stdout)["version"]
        line = f"plasmite {number}\n"
        self.assertEqual(self.on_terminal("version"), line)
        for form in ("--version", "-V", "---version"):
            self.assertEqual(self.pls(form).stdout.decode(), line)


if __name__ == "__main__":
    unittest.main()
