"""Capturing: nothing is lost, nobody is disturbed."""

import pathlib
import subprocess
import tempfile
import time

from support import BIN, ROOT, Failed, build_release, digest, require, run, run_json


def follow_to(pool, decoder, path):
    """Everything a pool retains through a decoder into a file."""
    follow = [BIN / "pls", "follow", pool, "--jsonl", "--tail", "1000000000", "--timeout", "1s"]
    with path.open("wb") as file:
        follower = subprocess.Popen(follow, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        decoded = subprocess.run(decoder, stdin=follower.stdout, stdout=file, check=False).returncode
        follower.stdout.close()
        code = follower.wait()
    require(code == 124, f"follow ended with {code}")
    require(decoded == 0, f"{decoder[0]} ended with {decoded}")


def tap_3m():
    build_release("plasmite")
    with tempfile.TemporaryDirectory(prefix="tap-3m-") as folder:
        folder = pathlib.Path(folder)
        pool, expected, decoded = folder / "tap.plasmite", folder / "expected", folder / "decoded"
        with expected.open("wb") as file:
            require(run(["seq", "1", "3000000"], stdout=file) == 0, "seq")
        begin = time.monotonic()
        tap = [BIN / "pls", "tap", pool, "--create", "--create-size", "2G", "-q", "--", "seq", "1", "3000000"]
        require(run(tap) == 0, "tap")
        seconds = round(time.monotonic() - begin, 2)
        follow_to(pool, [ROOT / "tests" / "support" / "decode_tap.py"], decoded)
        require(digest(expected) == digest(decoded), "the digests differ")
        return {"seconds_of_tap": seconds, "sha256": digest(decoded)}
