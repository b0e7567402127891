"""A stderr that nobody reads holds up nothing."""

import fcntl
import os
import subprocess

from agent_harness import TIMEOUT, AgentTest, unittest, wait_for

POOL = '[pools.app]\nsize = "1M"\n'


class StderrTest(AgentTest):
    def full_pipe(self):
        """Its read end, and a write end that takes nothing more."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write, b"x" * 4096)
        return read, write

    def start_on(self, stderr):
        agent = self.start("agent", "run", "--config", self.config, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=stderr, env=self.env)
        os.close(stderr)
        wait_for(lambda: agent.poll() is not None or self.ask().returncode in (0, 1), "the agent answers")
        self.assertIsNone(agent.poll())
        return agent

    def test_the_agent_works_on_and_ends(self):
        flapping = self.tap("flap", 'exit "$((1 + $$ % 200))"', restart="always", restart_delay="100ms",
                            max_restart_delay="100ms")
        self.configure(POOL + flapping + self.tap("web", "while echo line; do sleep 0.05; done"))
        read, write = self.full_pipe()
        agent = self.start_on(write)
        restarts = self.source("flap")["restarts"]
        self.wait_for_source("flap", lambda source: source["restarts"] >= restarts + 10, "it is run again and again")
        stored = self.source("web")["stored"]
        self.wait_for_source("web", lambda source: source["stored"] > stored, "the other source is taken in")
        self.reload()
        os.read(read, 4096)  # its end is told, with what was left out
        agent.terminate()
        self.assertEqual(agent.wait(TIMEOUT), 0)
        self.assertIn(b" lines were not written: nobody read stderr", os.read(read, 4096))


if __name__ == "__main__":
    unittest.main()
