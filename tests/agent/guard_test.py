"""What commands have started ends with the agent, also if that is killed."""

import fcntl
import os
import pathlib
import signal

from agent_harness import TIMEOUT, AgentTest, is_alive, unittest, wait_for
from cli_harness import children_of

POOL = '[pools.app]\nsize = "1M"\n'
# The shell stays, and what it starts says who it is. In a configuration `$$` is one `$`.
FAMILY = "sh -c 'echo $$$$; exec sleep 1000' | sh -c 'read pid; echo $pid; echo $$$$; exec cat'; true"


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def guard_of(agent):
    (guard,) = [pid for pid in children_of(agent.pid) if name_of(pid) == "plasmite-guard"]
    return guard


class GuardTest(AgentTest):
    def start_family(self):
        """The agent, and processes that its command has started."""
        self.configure(POOL + self.tap("web", FAMILY))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 2, "they have said who they are")
        pids = [int(line) for line in self.lines("app")]
        self.assertTrue(all(map(is_alive, pids)), pids)
        return agent, pids

    def test_kill_minus_9_leaves_nothing_behind(self):
        agent, pids = self.start_family()
        pids.append(guard_of(agent))
        agent.kill()
        agent.wait()
        wait_for(lambda: not any(map(is_alive, pids)), "they are gone, and so is the guard")
        self.stop(self.start_agent())

    def test_a_clean_end_leaves_no_guard(self):
        agent, pids = self.start_family()
        pids.append(guard_of(agent))
        self.stop(agent)
        self.assertFalse(any(map(is_alive, pids)), pids)

    def test_what_a_command_left_behind_ends_though_its_end_cannot_be_stored(self):
        go = self.dir / "go"
        waits = f"(while [ ! -e {go} ]; do sleep 0.05; done; echo late; exec sleep 1000) & echo $!; exit 0"
        self.configure(POOL + self.tap("web", waits), drain_timeout="200ms")
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "it has said who it is")
        pid = int(self.lines("app")[0])
        with open(self.path("app"), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            go.touch()
            wait_for(lambda: name_of(pid) == "sleep", "there is something to store, and it cannot be")
            agent.send_signal(signal.SIGTERM)
            self.assertEqual(agent.wait(TIMEOUT), 1)
        wait_for(lambda: not is_alive(pid), "it is gone")

    def test_signals_for_everybody_do_not_end_the_guard_before_the_agent(self):
        """As a service manager sends them."""
        agent, pids = self.start_family()
        guard = guard_of(agent)
        for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(guard, what)
        agent.kill()
        agent.wait()
        wait_for(lambda: not any(map(is_alive, [*pids, guard])), "it did its work")

    def test_an_agent_without_its_guard_says_so_once_and_goes_on(self):
        agent, pids = self.start_family()
        os.kill(guard_of(agent), signal.SIGKILL)
        wait_for(lambda: "guard" in self.log(), "it is told")
        self.configure(POOL + self.tap("web", "echo again; exec sleep 1000"))
        self.reload()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "another command runs")
        self.stop(agent)
        self.assertFalse(any(map(is_alive, pids)), pids)
        self.assertEqual(self.log().count("guard"), 1, self.log())


if __name__ == "__main__":
    unittest.main()
