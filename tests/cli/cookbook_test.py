"""The gate of the cookbook stays shut when it must; tests/docs/run runs the blocks as they stand."""

import pathlib
import re
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

COOKBOOK = pathlib.Path(__file__).resolve().parents[2] / "docs" / "cookbook.md"


def blocks(section):
    """The command blocks below a heading, in their order."""
    text = COOKBOOK.read_text()
    text = re.search(rf"^## {section}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Cookbook(CliTest):
    def setUp(self):
        super().setUp()
        self.env["PATH"] = f"{pathlib.Path(PLS).parent}:{self.env['PATH']}"

    def test_a_shut_gate(self):
        found = blocks("CI gate")
        for block in found[:2]:
            subprocess.run(["bash", "-e", "-c", block], env=self.env, cwd=self.dir, check=True)
        [late] = [block for block in found if "--run last --tag" in block]
        for script in ("exit 3", "kill -TERM $$"):
            (self.dir / "run-tests.sh").write_text(f"#!/bin/sh\n{script}\n")
            self.pls("tap", "ci", "--create", "-q", "--", "./run-tests.sh", cwd=self.dir,
                     code=3 if "exit" in script else 143)
            result = subprocess.run(["bash", "-c", late], env=self.env, cwd=self.dir,
                                    stdout=subprocess.PIPE, timeout=TIMEOUT)
            self.assertNotEqual(result.returncode, 0)
            self.assertEqual(result.stdout, b"")


if __name__ == "__main__":
    unittest.main()
