"""`agent run` with sources of its own: what comes in is stored, and the end is told by the exit code."""

import grp
import os
import stat
import subprocess

from agent_harness import AgentTest, is_alive, unittest, wait_for

POOL = '[pools.app]\nsize = "1M"\n'
STDIN = '[sources.input]\ntype = "stdin"\npool = "app"\n'


class RunTest(AgentTest):
    def test_stdin_is_taken_in_and_its_end_ends_the_agent(self):
        self.configure(POOL + STDIN)
        agent = self.start_agent(stdin=subprocess.PIPE)
        agent.stdin.write(b'{"n":1}\n{"n":2}\nnonsense\n{"n":3}')
        agent.stdin.close()
        self.assertEqual(agent.wait(60), 0, self.log())
        self.assertEqual(agent.stdout.read(), b"", "nothing on stdout")
        self.assertEqual([data["n"] for data in self.data("app") if "n" in data], [1, 2, 3])

    def test_a_bad_record_that_stops_stdin_is_kept_and_the_writer_is_told_although_another_source_runs(self):
        self.configure('[pools.app]\n[pools.rejects]\n[sources.in]\ntype = "stdin"\npool = "app"\nframing = "jsonl"\n'
                       'errors = "stop"\n' + self.tap("web", "exec sleep 1000"), reject_pool="rejects")
        reader, writer = os.pipe()
        agent = self.start_agent(stdin=reader)
        os.close(reader)
        os.write(writer, b'{"n":1}\nbad\n')
        failed = self.wait_for_source("in", lambda source: source["state"] == "failed", "it has failed")
        self.assertEqual((failed["received"], failed["stored"], failed["rejected"]["parse"]), (2, 1, 1))
        self.assertIn('errors = "skip"', failed["last_error"]["hint"])
        self.assertEqual([data["raw"] for data in self.data("rejects")], ["bad"])
        with self.assertRaises(BrokenPipeError):
            os.write(writer, b"more")
        os.close(writer)
        self.stop(agent)

    def test_taps_are_taken_in_and_their_ends_end_the_agent(self):
        self.configure(POOL + self.tap("one", "echo first; echo second") + self.tap("two", "echo third"))
        agent = self.start_agent(answers=False)
        self.assertEqual(agent.wait(60), 0, self.log())
        self.assertEqual(sorted(self.lines("app")), ["first", "second", "third"])

    def test_a_source_that_failed_for_good_is_told_by_the_exit_code(self):
        self.configure(POOL + self.tap("good", "echo fine") + self.tap("bad", "echo dying; exit 7"))
        agent = self.start_agent(answers=False)
        self.assertEqual(agent.wait(60), 1, self.log())
        self.assertEqual(sorted(self.lines("app")), ["dying", "fine"])
        self.assertIn("source=bad", self.log())

    def test_a_configuration_that_cannot_run_is_78_and_the_log_says_what_is_wrong(self):
        self.configure(POOL + '[sources.web]\ntype = "tap"\npool = "nope"\n')
        agent = self.start_agent(answers=False)
        self.assertEqual(agent.wait(60), 78)
        self.assertIn("agent.toml", self.log())
        self.assertIn("nope", self.log())
        self.assertFalse(self.socket.exists())

    def test_a_second_agent_is_busy_and_names_the_first(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        first = self.start_agent()
        second = self.pls("agent", "run", "--config", self.config, code=5)
        self.assertEqual(second.stdout, b"")
        self.assertIn(str(first.pid).encode(), second.stderr)
        self.assertIsNone(first.poll(), "the first one is not disturbed")
        self.stop(first)

    def test_it_is_also_busy_when_the_file_names_another_socket_by_now(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        first = self.start_agent()
        text = self.config.read_text()
        self.config.write_text(text.replace("agent.sock", "other.sock"))
        refused = self.refused("agent", "run", "--config", self.config, code=5, kind="Busy",
                               message="an agent with this configuration runs already", hint="--socket")
        self.assertEqual(refused["path"], str(self.config))
        # Also if a new file has been put in its place.
        new = self.dir / "new.toml"
        new.write_text(text.replace("agent.sock", "other.sock"))
        new.rename(self.config)
        self.refused("agent", "run", "--config", self.config, code=5, kind="Busy", message="runs already")
        self.config.write_text(text)
        self.stop(first)

    def test_who_was_killed_leaves_nothing_that_keeps_the_next_from_starting(self):
        self.configure(POOL + self.tap("web", "echo one; exec sleep 1000"))
        first = self.start_agent()
        child = self.wait_for_source("web", lambda source: source["pid"] and source["stored"] == 1, "a child")["pid"]
        first.kill()
        first.wait()
        wait_for(lambda: not is_alive(child), "the child ends with its agent")
        self.assertTrue(self.socket.exists(), "a stale socket")
        second = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "the second one stores")
        gaps = [data for data in self.data("app") if data.get("kind") == "gap"]
        self.assertEqual(len(gaps), 1, gaps)
        self.stop(second)
        third = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "the third one stores")
        gaps = [data for data in self.data("app") if data.get("kind") == "gap"]
        self.assertEqual(len(gaps), 1, "a clean end is no gap")
        self.stop(third)

    def test_files_are_closed_to_others(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        mode = lambda path: stat.S_IMODE(os.stat(path).st_mode)
        self.assertEqual(mode(self.socket), 0o660)
        self.assertEqual(mode(f"{self.socket}.lock"), 0o600)
        self.assertEqual(mode(self.socket.parent), 0o750)
        self.assertEqual(mode(self.pools), 0o700)
        self.assertEqual(mode(self.path("app")), 0o600)
        self.stop(agent)
        self.assertFalse(self.socket.exists())

    def test_a_place_for_the_socket_that_is_closed_is_told_with_the_key(self):
        closed = self.dir / "closed"
        closed.mkdir(mode=0o555)
        for socket in (closed / "agent.sock", closed / "made" / "agent.sock"):
            self.socket = socket
            self.configure(POOL + self.tap("web", "exec sleep 1000"))
            self.config.chmod(0o644)
            result = self.unprivileged("agent", "run", "--config", self.config, code=6, programs=["plasmite-agent"])
            error = self.error(result)
            self.assertEqual(error["kind"], "Permission")
            self.assertIn("`socket`", error["hint"])

    def test_a_group_may_read_pools_and_ask_the_agent(self):
        gid = 1 if os.geteuid() == 0 else os.getgid()  # daemon: not root's own
        group = grp.getgrgid(gid).gr_name
        self.configure(f'[pools.app]\nsize = "1M"\ngroup = "{group}"\n' + self.tap("web", "echo one; exec sleep 1000"),
                       group=group)
        agent = self.start_agent()
        for path, mode in ((self.pools, 0o2750), (self.path("app"), 0o640), (self.socket, 0o660),
                           (self.socket.parent, 0o750)):
            status = os.stat(path)
            self.assertEqual((stat.S_IMODE(status.st_mode), status.st_gid), (mode, gid), path)
        self.assertEqual(self.status()["agent"]["problems"], [])
        self.wait_for_source("web", lambda source: source["stored"] == 1, "there is something to read")
        read = ("--dir", self.pools, "follow", "app", "--tail", "10", "--timeout", "0s", "--jsonl")
        ask = ("agent", "status", "--socket", self.socket)
        member = dict(groups=[gid], programs=["plasmite-agent"])
        self.assertIn(b'"one"', self.unprivileged(*read, code=124, **member).stdout)
        self.unprivileged(*ask, code=0, **member)
        if os.geteuid() == 0:
            self.unprivileged(*read, code=6)
            self.unprivileged(*ask, code=6, programs=["plasmite-agent"])
        self.stop(agent)

    def test_a_child_has_no_descriptors_of_the_agent(self):
        """Its own three, and the one that `ls` opens: nor what the agent itself was started with."""
        inherited = os.open("/etc/passwd", os.O_RDONLY)
        self.addCleanup(os.close, inherited)
        self.configure(POOL + self.tap("web", "sleep 0.3; exec ls /proc/self/fd") + STDIN)
        agent = self.start_agent(stdin=subprocess.PIPE, pass_fds=[inherited])
        self.wait_for_source("web", lambda source: source["state"] == "finished", "it has ended")
        self.assertEqual(self.lines("app"), ["0", "1", "2", "3"])
        self.stop(agent)

    def test_a_command_that_says_why_and_fails_is_started_ever_less_often(self):
        self.configure(POOL + self.tap("web", "echo cannot connect >&2; exit 3", restart="always", restart_delay="100ms",
                                       max_restart_delay="1h"))
        agent = self.start_agent()
        wait_for(lambda: (self.source("web")["next_start_ms"] or 0) > 400, "the delay has doubled three times")
        self.assertEqual(self.ask().returncode, 1, "and it is degraded")
        self.assertEqual(self.log().count("source has trouble"), 1, self.log())
        self.stop(agent)

    def test_a_command_that_ends_well_is_started_again_and_nothing_is_wrong(self):
        self.configure(POOL + self.tap("web", "echo done", restart="always", restart_delay="100ms", max_restart_delay="1h"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["restarts"] >= 6, "the delay stays as it is")
        for _ in range(20):
            self.assertEqual(self.ask().returncode, 0)
        self.stop(agent)

    def test_a_failing_source_stops_no_other(self):
        self.configure(POOL + self.tap("bad", "exit 3", restart="on-failure", restart_delay="100ms")
                       + self.tap("good", "while :; do echo tick; sleep 0.05; done"))
        agent = self.start_agent()
        self.wait_for_source("bad", lambda source: source["restarts"] >= 2, "it is run again and again")
        stored = self.source("good")["stored"]
        self.wait_for_source("good", lambda source: source["stored"] > stored, "the other goes on")
        bad = self.wait_for_source("bad", lambda source: source["state"] == "backing-off", "its state is seen")
        self.assertIn("3", bad["last_error"]["message"])
        self.assertEqual(self.ask().returncode, 1)
        self.stop(agent)


if __name__ == "__main__":
    unittest.main()
