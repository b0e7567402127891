"""Following: nobody skips, nobody repeats what was written."""

import os
import pathlib
import sys
import tempfile

from support import BIN, ROOT, Failed, build_release, require, run

sys.path.append(str(ROOT / "tests" / "support"))
import named_follower  # noqa: E402


def named_follower_killed():
    """SIGKILL at 500 random instants (KILLS) while a writer appends."""
    build_release("plasmite")
    kills = int(os.environ.get("KILLS", "500"))
    with tempfile.TemporaryDirectory(prefix="acceptance-follow-") as folder:
        pool = pathlib.Path(folder) / "followed.plasmite"
        require(run([BIN / "pls", "pool", "create", pool, "--size", "512M"]) == 0, "create")
        try:
            return named_follower.kill_again_and_again(BIN / "pls", pool, kills)
        except named_follower.Broken as broken:
            raise Failed(str(broken)) from broken
