"""Reloading: only what changed is touched, and a bad configuration changes nothing."""

import signal
import subprocess

from agent_harness import TIMEOUT, AgentTest, is_alive, unittest, wait_for

POOL = '[pools.app]\nsize = "1M"\n'


class ReloadTest(AgentTest):
    def child(self, name):
        return self.wait_for_source(name, lambda source: source["pid"], f"a child of {name}")["pid"]

    def test_only_what_changed_is_touched(self):
        sleeps = "exec sleep 1000"
        self.configure(POOL + self.tap("same", sleeps) + self.tap("changed", sleeps) + self.tap("gone", sleeps))
        agent = self.start_agent()
        same, changed, gone = (self.child(name) for name in ("same", "changed", "gone"))
        self.configure(POOL + self.tap("same", sleeps) + self.tap("changed", sleeps, tags=["new"])
                       + self.tap("added", sleeps))
        outcome = self.reload()
        self.assertEqual(list(outcome), sorted(outcome))
        self.assertEqual((outcome["added"], outcome["changed"], outcome["removed"], outcome["ok"]),
                         (["added"], ["changed"], ["gone"], True))
        self.assertEqual(self.child("same"), same)
        self.assertTrue(is_alive(same))
        self.assertNotEqual(self.child("changed"), changed)
        self.child("added")
        for old in (changed, gone):
            self.assertFalse(is_alive(old))
        self.assertEqual([source["name"] for source in self.status()["sources"]], ["added", "changed", "same"])
        self.assertTrue(self.status()["agent"]["last_reload"]["ok"])
        self.stop(agent)

    def test_a_bad_configuration_keeps_the_old_one(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        web = self.child("web")
        good = self.config.read_text()
        self.config.write_text(good + "\n[pools.other]\nsizze = 1\n")
        outcome = self.reload(code=78)
        self.assertFalse(outcome["ok"])
        self.assertIn("sizze", outcome["problems"][0])
        status = self.status()
        self.assertEqual((status["agent"]["health"], status["agent"]["last_reload"]["ok"]), ("degraded", False))
        self.assertIn("sizze", status["agent"]["last_reload"]["error"])
        self.assertIn("sizze", self.log())
        self.assertEqual(self.child("web"), web)
        self.config.write_text(good)
        self.reload()
        self.assertEqual(self.child("web"), web)
        self.assertEqual(self.status()["agent"]["health"], "healthy")
        self.stop(agent)

    def test_without_sources_it_goes_on_and_says_what_is_odd(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.configure(POOL)
        self.assertEqual(self.reload()["removed"], ["web"])
        self.assertEqual(self.status()["sources"], [])
        self.assertIn("odd in the configuration", self.log())
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        self.assertEqual(self.reload()["added"], ["web"])
        self.stop(agent)

    def test_a_record_that_stdin_has_read_half_of_is_not_cut(self):
        self.configure(POOL + '[sources.in]\ntype = "stdin"\npool = "app"\nframing = "jsonl"\n')
        agent = self.start_agent(stdin=subprocess.PIPE)
        agent.stdin.write(b'{"number":1}\n{"half":')
        agent.stdin.flush()
        self.wait_for_source("in", lambda source: source["stored"] == 1, "it reads")
        self.configure(POOL.replace('size = "1M"', 'size = "1M"\ndurability = "flush"') + '[pools.bad]\nsize = "1M"\n'
                       '[sources.in]\ntype = "stdin"\npool = "app"\nframing = "jsonl"\ntags = ["new"]\n',
                       reject_pool="bad")
        outcome = self.reload()
        self.assertEqual(outcome["changed"], [])
        self.assertEqual(outcome["needs_restart"], ["sources.in", "pools.app.durability", "agent.reject_pool"])
        agent.stdin.write(b'"done"}\n')
        agent.stdin.close()
        agent.stdin = None
        self.assertEqual(agent.wait(TIMEOUT), 0)
        self.assertEqual(self.data("app"), [{"number": 1}, {"half": "done"}])

    def test_a_stdin_source_that_has_failed_stays_so(self):
        source = '[sources.in]\ntype = "stdin"\npool = "app"\nframing = "jsonl"\nerrors = "stop"\n'
        self.configure(POOL + source + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent(stdin=subprocess.PIPE)
        agent.stdin.write(b"{bad\n")
        agent.stdin.flush()
        self.wait_for_source("in", lambda found: found["state"] == "failed", "it stops")
        outcome = self.reload()
        self.assertEqual((outcome["changed"], outcome["needs_restart"]), ([], []))
        # Nothing is left of that stdin: another source would end at once, as if all were well.
        self.configure(POOL + source + 'tags = ["new"]\n' + self.tap("web", "exec sleep 1000"))
        outcome = self.reload()
        self.assertEqual((outcome["changed"], outcome["needs_restart"]), ([], ["sources.in"]))
        self.assertEqual(self.source("in")["state"], "failed")
        self.assertEqual(self.status()["agent"]["health"], "degraded")
        self.stop(agent)

    def test_there_is_one_reader_of_stdin(self):
        self.configure(POOL + '[sources.in]\ntype = "stdin"\npool = "app"\nframing = "jsonl"\n')
        agent = self.start_agent(stdin=subprocess.PIPE)
        self.configure(POOL + self.tap("in", "exec sleep 1000") + '[sources.b]\ntype = "stdin"\npool = "app"\n'
                       'framing = "jsonl"\n')
        self.assertEqual(self.reload()["needs_restart"], ["sources.in", "sources.b"])
        self.assertEqual([(source["name"], source["type"]) for source in self.status()["sources"]], [("in", "stdin")])
        agent.stdin.close()
        agent.stdin = None
        self.assertEqual(agent.wait(TIMEOUT), 0)

    def test_a_source_that_failed_is_started_again(self):
        script = self.dir / "late.sh"
        failing = f'[sources.late]\ntype = "tap"\npool = "app"\ncommand = ["{script}"]\nrestart = "never"\n'
        self.configure(POOL + failing + self.tap("runs", "exec sleep 1000") + self.tap("done", "true"))
        agent = self.start_agent()
        self.wait_for_source("late", lambda source: source["state"] == "failed", "there is no such command")
        self.wait_for_source("done", lambda source: source["state"] == "finished", "it is done")
        runs = self.child("runs")
        script.write_text("#!/bin/sh\necho here; exec sleep 1000\n")
        script.chmod(0o755)
        self.assertEqual(self.reload()["changed"], ["late"])
        self.wait_for_source("late", lambda source: source["stored"] == 1, "it runs")
        self.assertEqual(self.source("done")["state"], "finished")
        self.assertEqual(self.child("runs"), runs)
        self.assertEqual(self.ask().returncode, 0)
        self.stop(agent)

    def test_sighup_reloads_too(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.configure(POOL + self.tap("web", "exec sleep 1000") + self.tap("more", "exec sleep 1000"))
        agent.send_signal(signal.SIGHUP)
        wait_for(lambda: len(self.status()["sources"]) == 2, "a second source")
        self.stop(agent)

    def test_keys_that_need_a_restart_are_named(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        web, socket = self.child("web"), self.socket
        self.socket = self.dir / "other.sock"
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        self.socket = socket
        result = self.pls("agent", "reload", "--config", self.config, "--socket", socket)
        self.assertIn(b'"needs_restart":["agent.socket"]', result.stdout)
        self.assertIn("agent.socket", self.log())
        self.config.write_text(self.config.read_text().replace("other.sock", "run/agent.sock"))
        self.assertEqual(self.child("web"), web)
        self.stop(agent)

    def test_a_pool_that_is_new_is_made(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.configure(POOL + '[pools.new]\nsize = "256K"\n' + self.tap("web", "exec sleep 1000")
                       + self.tap("more", "echo there; exec sleep 1000", pool="new"))
        self.reload()
        self.wait_for_source("more", lambda source: source["stored"] == 1, "a record")
        self.assertEqual(self.info("new")["file_size"], 256 << 10)
        self.stop(agent)

    def test_a_changed_source_loses_no_line(self):
        """The old child's lines are kept to the last one, then the new one's follow."""
        script = "exec 2>/dev/null; trap 'echo last; exit' TERM; echo first; while :; do sleep 0.01; done"
        self.configure(POOL + self.tap("web", script))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "a record")
        self.configure(POOL + self.tap("web", script, tags=["new"]))
        self.reload()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "a record of the new one")
        self.assertEqual(self.lines("app"), ["first", "last", "first"])
        self.stop(agent)


if __name__ == "__main__":
    unittest.main()
