"""What a service manager hears: ready, reloading, stopping, and the watchdog's signs of life."""

import signal

from agent_harness import AgentTest, unittest
from notify_receiver import NotifyReceiver

POOL = '[pools.app]\nsize = "1M"\n'


class NotifyTest(AgentTest):
    def receiver(self, path=None):
        receiver = NotifyReceiver(path)
        self.addCleanup(receiver.close)
        return receiver

    def test_the_manager_hears_of_start_reload_and_end(self):
        for path in (None, self.dir / "notify.sock"):
            manager = self.receiver(path)
            self.configure(POOL + self.tap("web", "exec sleep 1000"))
            agent = self.start_agent(answers=False, env=manager.environment())
            manager.wait_for("READY=1")
            self.assertEqual(self.ask().returncode, 0, "it answers as soon as it is ready")
            self.assertIn(["STATUS=1 source into 1 pool"], [lines for _, _, lines in manager.messages])
            agent.send_signal(signal.SIGHUP)
            lines = manager.wait_for("RELOADING=1")
            self.assertTrue(any(line.startswith("MONOTONIC_USEC=") for line in lines), lines)
            manager.wait_for("READY=1")
            agent.send_signal(signal.SIGTERM)
            manager.wait_for("STOPPING=1")
            self.assertEqual(agent.wait(60), 0)
            self.assertEqual({sender for _, sender, _ in manager.messages}, {agent.pid})

    def test_signs_of_life_come_while_all_is_well(self):
        manager = self.receiver()
        self.configure(POOL + self.tap("web", "while :; do echo x; sleep 0.01; done"))
        agent = self.start_agent(answers=False, env=manager.environment(watchdog_usec=200_000))
        for _ in range(5):
            manager.wait_for("WATCHDOG=1")
        self.stop(agent)

    def test_an_agent_that_is_stopped_gives_none(self):
        manager = self.receiver()
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent(answers=False, env=manager.environment(watchdog_usec=200_000))
        manager.wait_for("WATCHDOG=1")
        agent.send_signal(signal.SIGSTOP)
        while manager.receive(1) is not None:
            pass
        agent.send_signal(signal.SIGCONT)
        manager.wait_for("WATCHDOG=1")
        self.stop(agent)

    def test_children_do_not_inherit_the_manager(self):
        manager = self.receiver()
        self.configure(POOL + self.tap("web", "printenv NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID || echo none"))
        agent = self.start_agent(answers=False, env=manager.environment(watchdog_usec=10_000_000))
        self.assertEqual(agent.wait(60), 0)
        self.assertEqual(self.lines("app"), ["none"])


if __name__ == "__main__":
    unittest.main()
