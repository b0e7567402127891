"""Ending: what is there is kept, and nothing hangs for ever."""

import pathlib
import signal
import subprocess

from agent_harness import AgentTest, is_alive, unittest, wait_for

POOL = '[pools.app]\nsize = "8M"\n'


class StopTest(AgentTest):
    def test_sigterm_keeps_every_line_up_to_the_childs_last_word(self):
        """The child counts as fast as it can, until it is told to end; it says how far it came."""
        script = ("n=0; trap 'echo end $n; exit 0' TERM; while :; do n=$((n+1)); echo $n; done")
        self.configure(POOL + self.tap("web", script))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] > 1000, "a flood")
        self.stop(agent)
        lines = self.lines("app")
        word, last = lines[-1].split()
        self.assertEqual(word, "end")
        numbers = [int(line) for line in lines[:-1]]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "none missing, none twice")
        self.assertIn(int(last) - numbers[-1], (0, 1))

    def test_stdin_that_was_written_before_the_signal_is_kept(self):
        self.configure(POOL + '[sources.input]\ntype = "stdin"\npool = "app"\nframing = "text"\n')
        agent = self.start_agent(stdin=subprocess.PIPE)
        self.wait_for_source("input", lambda source: source["state"] == "running", "it reads")
        agent.stdin.write(b"".join(b"line %d\n" % n for n in range(2000)))
        agent.stdin.flush()
        self.stop(agent)
        self.assertEqual(self.lines("app"), [f"line {n}" for n in range(2000)])

    def test_sigint_is_the_same(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.stop(agent, how=signal.SIGINT)

    def test_a_child_that_does_not_end_is_cut_off_after_the_deadline(self):
        script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
        self.configure(POOL + self.tap("web", script, stop_timeout="1h"), drain_timeout="300ms")
        agent = self.start_agent()
        child = self.wait_for_source("web", lambda source: source["stored"] == 1, "it is ready")["pid"]
        self.stop(agent, code=1)
        wait_for(lambda: not is_alive(child), "the child is gone")

    def test_a_child_that_ignores_the_signal_is_no_trouble_with_all_defaults(self):
        self.configure(POOL + self.tap("web", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "it is ready")
        self.stop(agent)

    def test_no_zombies_pile_up_of_commands_that_end(self):
        self.configure(POOL + self.tap("web", "exit 3", restart="always", restart_delay="100ms", max_restart_delay="100ms"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["restarts"] >= 5, "it is run again and again")
        children = pathlib.Path(f"/proc/{agent.pid}/task")
        pids = [pid for task in children.iterdir() for pid in (task / "children").read_text().split()]
        self.assertLessEqual(len(pids), 2, "the one that runs, and the guard")
        self.stop(agent)

    def test_a_second_signal_cuts_off_at_once(self):
        script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
        self.configure(POOL + self.tap("web", script, stop_timeout="1h"), drain_timeout="1h")
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "it is ready")
        agent.send_signal(signal.SIGTERM)
        wait_for(lambda: self.status()["agent"]["state"] == "draining", "it drains")
        self.assertIsNone(agent.poll())
        self.stop(agent, code=1)


if __name__ == "__main__":
    unittest.main()
