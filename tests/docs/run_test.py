"""The runner of the documents notices a document that says what is not so."""

import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

LOADER = importlib.machinery.SourceFileLoader("docs_run", str(pathlib.Path(__file__).with_name("run")))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("docs_run", LOADER))
LOADER.exec_module(run)


class Documents(unittest.TestCase):
    def run_text(self, text):
        with tempfile.TemporaryDirectory() as folder:
            document = pathlib.Path(folder) / "document.md"
            document.write_text(text)
            return run.run_document(document, "/bin/true")

    def test_what_is_shown_is_compared(self):
        self.assertEqual(self.run_text("```bash\necho a; echo b >&2\n```\n\n```text\na\nb\n```\n"), 1)
        with self.assertRaisesRegex(run.Wrong, "line 2: the document shows\nb\nbut it is\na\n"):
            self.run_text("# T\n```bash\necho a\n```\n```text\nb\n```\n")

    def test_an_ellipsis_stands_for_what_varies(self):
        self.run_text("```bash\necho at 12:00 sharp; seq 5\n```\n```text\nat … sharp\n1\n…\n5\n```\n")
        with self.assertRaises(run.Wrong):
            self.run_text("```bash\nprintf '1\\n2\\n'\n```\n```text\n1…\n```\n")

    def test_the_exit_code_is_compared(self):
        self.run_text("```bash exit=3\nexit 3\n```\n")
        for text in ("```bash\nfalse; true\n```\n", "```bash exit=3\ntrue\n```\n"):
            with self.assertRaisesRegex(run.Wrong, "exit code"):
                self.run_text(text)

    def test_a_second_terminal_sees_what_comes_later(self):
        second = "```bash background\nuntil [ -e f ]; do sleep 0.01; done; echo seen; sleep 60\n```\n"
        self.run_text(second + "```text\nseen\n```\n```bash\ntouch f\n```\n")

    def test_blocks_share_a_folder_and_nothing_else(self):
        self.run_text("```bash\necho 1 > f; x=1\n```\n## S\n```bash\ncat f; echo ${x-none}\n```\n```text\n1\nnone\n```\n")

    def test_text_elsewhere_is_no_output_of_a_block(self):
        self.run_text("```text\nx\n```\n```bash\necho a\n```\nand then\n```text\nx\n```\n")

    def test_unknown_words_are_told(self):
        with self.assertRaisesRegex(run.Wrong, "'later' is no word"):
            self.run_text("```bash later\ntrue\n```\n")


if __name__ == "__main__":
    unittest.main()
