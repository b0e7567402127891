"""tap: hard circumstances, each with its documented end; what was read is stored."""

import os
import resource
import signal
import subprocess
import time
import unittest

from tap_harness import PLS, TIMEOUT, TapTest, python


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


class Hardship(TapTest):
    def wait_for_state(self, pid, state):
        self.wait_until(lambda: state_of(pid) == state)

    def wait_until(self, holds):
        deadline = time.monotonic() + TIMEOUT
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def test_a_daemon_that_lets_go_of_its_output_is_not_waited_for(self):
        daemon = ("import os, sys, time\n"
                  "if os.fork(): os._exit(0)\n"
                  "os.setsid()\n"
                  "if os.fork(): os._exit(0)\n"
                  "null = os.open('/dev/null', os.O_RDWR)\n"
                  "for fd in 0, 1, 2: os.dup2(null, fd)\n"
                  f"open({str(self.dir / 'pid')!r}, 'w').write(str(os.getpid()))\n"
                  "time.sleep(60)\n")
        for options in ([], ["--pty"]):
            # For an hour tap would wait for a stream that somebody still has.
            # The command waits for it: before it has left the session a terminal's end would end it.
            pid_file = self.dir / "pid"
            script = ('echo begun; "$0" -c "$1"; while [ ! -s "$2" ]; do sleep 0.01; done; '
                      'echo done')
            result = self.tap("sh", "-c", script, *python(daemon)[::2], str(pid_file),
                              options=["--linger", "1h", *options])
            self.assertEqual((result.returncode, result.stdout.split()), (0, [b"begun", b"done"]))
            self.assertNotIn("pipes", self.records("exit")[-1])
            os.kill(int(pid_file.read_text()), signal.SIGKILL)  # it was alive: this finds it
            pid_file.unlink()

    def test_a_command_that_stops_itself(self):
        process = self.start_tap("sh", "-c", "echo before; kill -STOP $$; echo after; exit 3")
        self.assertEqual(process.stdout.readline(), b"before\n")
        pid = self.records("start")[0]["pid"]
        self.wait_for_state(pid, "T")
        self.assertIsNone(process.poll())
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(process.wait(TIMEOUT), 3)
        self.assertEqual(self.stored(), b"before\nafter\n")

    def test_tap_itself_stopped(self):
        process = self.start_tap("sh", "-c", "echo first; seq 1 200000", options=["-q"])
        while not self.has_lines():
            pass
        process.send_signal(signal.SIGSTOP)
        self.wait_for_state(process.pid, "T")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertTrue(
            self.stored() == b"first\n" + b"".join(b"%d\n" % n for n in range(1, 200_001)))

    def has_lines(self):
        result = self.pls("fetch", "p", "2")
        return result.returncode == 0

    def test_tap_stopped_for_longer_than_the_command_lives(self):
        process = self.start_tap("sh", "-c", "echo ready; read line; seq 1 1000; exit 4",
                                 stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        pid = self.records("start")[0]["pid"]
        process.send_signal(signal.SIGSTOP)
        self.wait_for_state(process.pid, "T")
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.wait_for_state(pid, "Z")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(TIMEOUT), 4)
        self.assertEqual(self.exit_record()["stdout"]["lines"], 1001)

    def test_tap_killed_loses_at_most_what_was_in_the_pipe(self):
        process = self.start_tap("sh", "-c", "seq 1 1000; sleep 60")
        while process.stdout.readline() != b"1000\n":
            pass
        process.kill()
        process.wait(TIMEOUT)
        self.assertEqual(self.stored(), b"".join(b"%d\n" % n for n in range(1, 1001)))
        self.assertEqual(self.pls("doctor", "p").returncode, 0)
        os.kill(-self.records("start")[0]["pid"], signal.SIGKILL)  # it led its own group

    def test_no_descriptors_left_with_pty(self):
        self.check_without_descriptors(range(4, 20), b"x\r\n", "--pty")

    def test_a_pool_too_small_for_lines_with_these_tags(self):
        tags = [word for n in range(60) for word in ("--tag", f"{n:0240}")]
        result = self.tap("echo", "x", options=["--create-size", "64K", *tags])
        self.assertEqual(result.returncode, 2)
        self.assertEqual(self.error_of(result)["kind"], "Usage")
        self.assertEqual(self.messages(), [])

    def small_filesystem(self, size):
        place = self.dir / "small"
        place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("needs the right to mount a small filesystem")
        self.addCleanup(subprocess.run, ["umount", str(place)])
        return place

    def test_a_disk_that_is_full_later_takes_every_line(self):
        place = self.small_filesystem("8m")
        pool, go_on = f"{place}/p.plasmite", self.dir / "go_on"
        script = f"echo first; while [ ! -e {go_on} ]; do sleep 0.01; done; seq 1 100000"
        process = subprocess.Popen(
            [PLS, "tap", pool, "--create", "--create-size", "7M", "--durability", "flush", "--", "sh", "-c", script],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"first\n")
        with open(place / "rest", "wb", buffering=0) as rest, self.assertRaises(OSError):
            while True:
                rest.write(b"x" * 4096)
        go_on.touch()
        self.assertEqual(process.stdout.read(), b"".join(b"%d\n" % n for n in range(1, 100_001)))
        self.assertEqual((process.wait(TIMEOUT), process.stderr.read()), (0, b""))
        last = [m["data"] for m in self.messages(pool)][-2:]
        self.assertEqual((last[0]["line"], last[1]["kind"]), ("100000", "exit"))

    def test_the_first_process_of_a_container(self):
        # It gets only the signals that it takes, and every orphan is its child.
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
            self.skipTest("needs the right to make a process namespace")
        script = "(sh -c 'sleep 0.1; exit 9' &); echo ready; sleep 60 & wait"
        for options in ([], ["--pty"]):
            process = subprocess.Popen(
                [*unshare, PLS, "tap", "p", "--create", *options, "--",
                 "sh", "-c", script],
                env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(self.end, process)
            self.assertEqual(process.stdout.readline().rstrip(b"\r\n"), b"ready")
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
                os.kill(int(children.read()), signal.SIGTERM)
            self.assertEqual(process.wait(TIMEOUT), 143)
            self.assertEqual(self.records("exit")[-1]["signal"], "SIGTERM")

    def test_a_full_disk_at_creation(self):
        place = self.small_filesystem("1m")
        result = self.pls("tap", f"{place}/p.plasmite", "--create", "--", "touch",
                          str(self.dir / "ran"))
        self.assertEqual(result.returncode, 8)
        error = self.error_of(result)
        self.assertEqual(error["kind"], "Io")
        self.assertRegex(" ".join(error["causes"]), "No space left")
        self.assertFalse((self.dir / "ran").exists(), "the command was not started")
        self.assertEqual(os.listdir(place), [], "nothing is left")

    def test_a_limit_on_file_sizes_at_creation(self):
        limits = (1 << 20, 1 << 20)
        result = self.tap("touch", str(self.dir / "ran"),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
        self.assertEqual(result.returncode, 8)
        self.assertEqual(self.error_of(result)["kind"], "Io")
        self.assertFalse((self.dir / "ran").exists(), "the command was not started")

    def test_five_taps_inside_each_other(self):
        for option in ([], ["--pty"]):
            command = ["sh", "-c", "echo deep; kill -SEGV $$"]
            for n in range(5):
                command = [PLS, "tap", f"level{n}", "--create", "--run-tag",
                           *option, "--", *command]
            result = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL,
                                    capture_output=True, timeout=TIMEOUT)
            self.assertEqual(result.returncode, 128 + signal.SIGSEGV)
            self.assertIn(b"deep", result.stdout)
            self.assertEqual(self.records("exit", pool="level0")[-1]["signal"], "SIGSEGV")
            self.assertEqual(self.records("exit", pool="level4")[-1]["code"], 139)

    def test_timeout_in_front_with_pty(self):
        result = self.tap_behind_timeout("sh", "-c", "echo begun; sleep 60", options=["--pty"])
        self.assertEqual((result.returncode, result.stdout), (124, b"begun\r\n"))
        self.assertEqual(self.exit_record()["signal"], "SIGTERM")

    def test_a_command_that_ignores_term_with_pty(self):
        process = self.start_tap(
            "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done",
            options=["--pty"])
        self.assertEqual(process.stdout.readline(), b"ready\r\n")
        process.terminate()
        pid = self.records("start")[0]["pid"]
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(process.wait(TIMEOUT), 137)

    def test_the_lock_is_held_by_somebody_else_for_a_while(self):
        # Longer than a batch takes, shorter than the deadline: nothing is lost.
        holder = ("import fcntl, sys, time\n"
                  "f = open(sys.argv[1], 'r+b'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True)\n"
                  "sys.stdin.read()")
        self.tap("true")
        path = f"{self.env['PLASMITE_DIR']}/p.plasmite"
        lock = subprocess.Popen(python(holder, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(lock.stdout.readline(), b"held\n")
        process = self.start_tap("seq", "1", "1000")
        time.sleep(0.3)
        lock.stdin.close()
        lock.wait(TIMEOUT)
        lock.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(self.stored(), b"".join(b"%d\n" % n for n in range(1, 1001)))


if __name__ == "__main__":
    unittest.main()
