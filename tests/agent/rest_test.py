"""At rest the agent costs nothing: no wake-ups, little memory."""

import pathlib
import subprocess

from agent_harness import SANITIZED, AgentTest, sleep_until_quiet, threads_of, unittest, wait_for, wake_ups


class RestTest(AgentTest):
    @unittest.skipIf(SANITIZED, "a sanitizer has threads of its own")
    def test_it_sleeps_while_nothing_happens(self):
        pools = "".join(f'[pools.p{n}]\nsize = "256K"\n' for n in range(4))
        taps = "".join(self.tap(f"web{n}", "echo hello; exec sleep 1000", pool=f"p{n}") for n in range(4))
        self.configure(pools + taps + '[sources.input]\ntype = "stdin"\npool = "p0"\n')
        agent = self.start_agent(stdin=subprocess.PIPE)
        wait_for(lambda: sum(source["stored"] for source in self.status()["sources"]) == 4, "a record of each")
        # Whoever asked is answered, and what is left of that is over.
        calm = [wake_ups(agent.pid)]
        wait_for(lambda: calm.append(sleep_until_quiet(agent.pid, 0.5)) or calm[-1] == 0, "it comes to rest")
        self.assertLessEqual(sleep_until_quiet(agent.pid, 6), 3, "at most one wake-up per two seconds")
        self.assertGreaterEqual(len(threads_of(agent.pid)), 6)
        self.assertEqual(self.ask().returncode, 0)
        self.stop(agent)

    @unittest.skipIf(SANITIZED, "a sanitizer needs memory of its own")
    def test_it_needs_little_memory(self):
        taps = "".join(self.tap(f"web{n}", "seq 1 20000; exec sleep 1000") for n in range(8))
        self.configure('[pools.app]\nsize = "16M"\n' + taps)
        agent = self.start_agent()
        wait_for(lambda: sum(source["stored"] for source in self.status()["sources"]) == 160_000, "all records")
        status = pathlib.Path(f"/proc/{agent.pid}/status").read_text()
        anonymous = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
        self.assertLessEqual(anonymous, 15 << 10, "KiB")
        self.stop(agent)


if __name__ == "__main__":
    unittest.main()
