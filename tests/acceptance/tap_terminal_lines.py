"""Capturing in a terminal and in scripts: nobody notices that tap is there."""

import itertools
import os
import pathlib
import re
import subprocess
import tempfile
import time

from support import BIN, ROOT, build_release, require, run

PLS = BIN / "pls"
COLUMNS, ROWS = 100, 30
PROMPT = r"\A\$ *$"  # on a screen with nothing else


class Terminal:
    """A shell in a terminal of tmux's."""

    numbers = itertools.count()

    def __init__(self, folder):
        # A server of its own: one that is just ending would take the next session with it.
        server = f"plasmite-acceptance-{os.getpid()}-{next(self.numbers)}"
        self.tmux = ["tmux", "-L", server, "-f", "/dev/null"]
        shell = f"env -i HOME={folder} PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=tmux-256color LC_ALL=C.UTF-8 PS1='$ ' sh -i"
        command = [*self.tmux, "new-session", "-d", "-s", "t", "-x", str(COLUMNS), "-y", str(ROWS), "-c", folder, shell]
        require(run(command) == 0, "tmux")
        try:
            self.settled(mark=PROMPT)
        except BaseException:
            self.close()
            raise

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], stderr=subprocess.DEVNULL, check=False)

    def keys(self, *names):
        require(run([*self.tmux, "send-keys", "-t", "t", *names]) == 0, "send-keys")

    def type(self, text):
        self.keys("-l", text)
        self.keys("Enter")

    def resize(self, columns, rows):
        require(run([*self.tmux, "resize-window", "-t", "t", "-x", str(columns), "-y", str(rows)]) == 0, "resize")

    def screen(self):
        """Characters with their colours, and where the cursor is."""
        text = subprocess.check_output([*self.tmux, "capture-pane", "-e", "-p", "-t", "t"], text=True)
        cursor = subprocess.check_output(
            [*self.tmux, "display-message", "-p", "-t", "t", "#{cursor_x},#{cursor_y} #{alternate_on} #{cursor_flag}"],
            text=True,
        )
        return text + cursor

    def settled(self, stable=lambda text: text, mark="", wanted=None):
        """The screen once it has not changed for a second, and has what it must have, or is as wanted.

        However slow the machine is: what never comes is noticed later, that is all.
        """
        deadline = time.monotonic() + 150
        before, since = None, time.monotonic()
        while True:
            now = self.screen()
            if before is None or stable(now) != stable(before):
                before, since = now, time.monotonic()
            elif time.monotonic() - since > 1 and re.search(mark, stable(now), re.M) and wanted in (None, stable(now)):
                return now
            if time.monotonic() > deadline:
                should = f"with {mark!r} on it" if wanted is None else f"as\n{wanted}\nbut stays"
                require(False, f"the screen does not come to rest {should}:\n{now}")
            time.sleep(0.05)


def frame_of_htop(text):
    """What does not change from second to second: the column titles and the function keys."""
    lines = [line for line in text.splitlines() if "PID" in line and "USER" in line or "F1" in line]
    # What a line begins with depends on the line above, which is none of these.
    return "\n".join(re.sub(r"^(\x1b\[[0-9;]*m)+", "", line) for line in lines)


def constant(text):
    return text


# Name, command, what is done in it step by step, what of the screen is compared, and per step what must be on
# it: two screens on which the program did not run would be the same, too. (Python leaves by exit(): after a
# KeyboardInterrupt, Ctrl-D would have it die of SIGINT, and the shell drop what follows.)
PROGRAMS = [
    ("vim", "vim -u NONE -i NONE -N text", [["i", "Hello", "Enter", "World", "Escape"], "resize", ["/", "line 7", "Enter"],
     [":", "set number", "Enter"], [":", "q!", "Enter"]], constant,
     ["line 28", r"(?s)\A(?!.*INSERT).*World", "World", "^/line 7", "  2 .*World", "ended with 0"]),
    ("less", "less text", [["Space"], ["/", "line 70", "Enter"], "resize", ["G"], ["q"]], constant,
     ["line 29", "line 58", "line 70", "line 70", "line 100", "ended with 0"]),
    ("htop", "htop", [["F1"], ["q"], ["q"]], frame_of_htop, ["PID.*USER", "F1", "PID.*USER", "^$"]),
    ("python3", "python3 -q -i -c ''", [["1 + 1", "Enter"], ["Up", "Enter"], ["print('\\033[31mred\\033[0m')", "Enter"],
     ["while True: pass", "Enter", "Enter"], ["C-c"], ["exit()", "Enter"]], constant,
     [">>>", "^2$", "(?s)^2$.*^2$", "\x1b\\[31mred", "while True", "KeyboardInterrupt", "ended with 0"]),
    ("apt-get", "apt-get --dry-run install sl", [], constant, ["(?s)Inst .*sl.*Conf .*sl.*ended with 0"]),
]


def screens(folder, command, steps, stable, marks, wanted=None):
    """What is on the screen after the start and after each step. `wanted`: what there should be."""
    wanted = wanted or [None] * len(marks)
    terminal = Terminal(folder)
    try:
        terminal.type("clear")
        terminal.settled(mark=PROMPT)
        # Only the program's own screens are compared, not the command line that started it.
        terminal.type(f"clear; {command}; echo \"ended with $?\"")
        seen = [terminal.settled(stable, marks[0], wanted[0])]
        for step, mark, screen in zip(steps, marks[1:], wanted[1:], strict=True):
            if step == "resize":
                terminal.resize(70, 20)
            else:
                for key in step:
                    terminal.keys(key)
            seen.append(terminal.settled(stable, mark, screen))
        require("ended with" in seen[-1], f"{command} did not end:\n{seen[-1]}")
        return [stable(screen) for screen in seen]
    finally:
        terminal.close()


def stty_survives(folder, death):
    """The terminal's settings before and after a child that spoiled them and died."""
    terminal = Terminal(folder)
    try:
        child = f"stty raw -echo; kill -{death} $$"
        terminal.type(f"stty -g >before; {PLS} tap ./p-{death} --create --pty -- sh -c '{child}'; echo $? >code; stty -g >after; echo 'all' 'done'")
        terminal.settled(mark="^all done")
    finally:
        terminal.close()
    before = (folder / "before").read_text()
    require(before and before == (folder / "after").read_text(), f"{death}: stty differs")
    return int((folder / "code").read_text())


def tap_terminal():
    """vim, less, htop, python3 -i and apt-get look the same under `tap --pty`."""
    build_release("plasmite")
    require(run([ROOT / "packaging" / "setup", "acceptance"], cwd=ROOT) == 0, "packaging/setup acceptance")
    compared = {}
    with tempfile.TemporaryDirectory(prefix="acceptance-terminal-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        for program, command, steps, stable, marks in PROGRAMS:
            (folder / "text").write_text("".join(f"line {n}\n" for n in range(1, 101)))
            bare = screens(folder, command, steps, stable, marks)
            (folder / "text").write_text("".join(f"line {n}\n" for n in range(1, 101)))
            tapped = screens(folder, f"{PLS} tap ./{program}.plasmite --create --pty -- {command} 2>/dev/null", steps, stable, marks, bare)
            for step, (expected, got) in enumerate(zip(bare, tapped, strict=True)):
                require(expected == got, f"{program}, step {step}: expected\n{expected}\ngot\n{got}")
            shown = subprocess.check_output([PLS, "follow", f"{folder}/{program}.plasmite", "--run", "last", "--text"])
            require(shown.strip(), f"{program}: nothing was captured")
            compared[program] = len(bare)
        deaths = {"TERM": 15, "SEGV": 11, "KILL": 9}
        for death, number in deaths.items():
            require(stty_survives(folder, death) == 128 + number, f"exit status after SIG{death}")
    return {"screens_compared": compared, "stty_restored_after": list(deaths)}


NUMBERS = "".join(f"{n}\n" for n in range(1, 100_001))

# What each prints on stdout, its exit status, and what its last run keeps of the command's stdout and stderr.
SCRIPTS = [
    ("set -o pipefail; pls tap p --create -- sh -c 'echo a; exit 3' | tee out; s=$?; cat out; exit $s", "a\na\n", 3, "a\n", ""),
    ("set -o pipefail; pls tap p --create -- seq 1 100000 | head -n 1", "1\n", 0, NUMBERS, ""),
    ("set -o pipefail; pls tap p --create -- seq 1 100000 | tee >(cat >/dev/null) | tail -n 1", "100000\n", 0, NUMBERS, ""),
    ("pls tap p --create -- sh -c 'read -r x; echo \"$? [$x]\"' <&-", "1 []\n", 0, "1 []\n", ""),
    ("pls tap p --create -- sh -c 'echo o; echo e >&2; exit 6' <&- >&- 2>&-", "", 6, "o\n", "e\n"),
    ("pls tap p --create -- sh -c 'read -r x; echo \"$x\"' <<<word", "word\n", 0, "word\n", ""),
    ("timeout 5 pls tap p --create -- sh -c 'echo begun; sleep 60'; echo $?", "begun\n124\n", 0, "begun\n", ""),
    ("timeout 1 pls tap p --create -- sh -c 'echo begun; kill -STOP $$'; echo $?", "begun\n124\n", 0, "begun\n", ""),
    ("pls tap q --create -- pls tap p --create -- sh -c 'echo in; exit 5'", "in\n", 5, "in\n", ""),
    ("pls tap p --create -- pls tap q --create -- sh -c 'echo in; exit 5'", "in\n", 5, "in\n", ""),
    ("setsid pls tap p --create -- sh -c 'tty; echo b >&2; kill -9 $$' 2>/dev/null", "not a tty\n", 137, "not a tty\n", "b\n"),
    ("pls tap p --create --pty -- sh -c 'echo a; exit 4' | cat; exit ${PIPESTATUS[0]}", "a\r\n", 4, "a\r\n", ""),
    ("pls tap p --create -q -- true; pls tap p -q -- false", "", 1, "", ""),
]


def in_shell(folder, command):
    """What a command prints on stdout and stderr, and its exit status."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=60, check=False, env={"PATH": f"{BIN}:/usr/bin:/bin", "PLASMITE_DIR": folder, "HOME": folder},
    )
    return done.stdout.decode(), done.stderr.decode(), done.returncode


def tap_ci_use():
    """In scripts without a terminal: the same output and exit status."""
    build_release("plasmite")
    for script, expected, code, out, err in SCRIPTS:
        with tempfile.TemporaryDirectory(prefix="acceptance-ci-") as folder:
            stdout, stderr, status = in_shell(folder, script)
            require((stdout, status) == (expected, code), f"{script}: {stdout!r:.500}, {stderr!r:.500}, {status}")
            require(not re.search("[Ii]nternal|Assert|Sanitizer", stderr), f"{script}: {stderr}")
            kept = in_shell(folder, "pls follow p --run last --text")
            require(kept == (out, err, 0), f"{script}: kept {kept!r:.500}")
    return {"scripts": len(SCRIPTS)}
