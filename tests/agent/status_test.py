"""`agent status`: shapes, exit codes, and what it says in bad times."""

import grp
import json
import os
import shutil
import signal
import subprocess

from agent_harness import AgentTest, unittest, wait_for

POOL = '[pools.app]\nsize = "1M"\n'

AGENT = ["config", "health", "last_reload", "pid", "problems", "started", "state", "uptime_ms", "version"]
POOLS = ["bytes_per_s", "durability", "error", "name", "newest_seq", "newest_time", "oldest_seq", "oldest_time", "path",
         "records_per_s", "size", "used_bytes"]
SOURCES = ["caught_up", "checkpoint", "dropped", "gaps", "lag_ms", "last_error", "last_event_age_ms", "last_event_time",
           "lost", "name", "next_start_ms", "own_log", "pid", "pool", "problem", "received", "rejected", "restarts",
           "state", "state_ms", "stored", "stored_bytes", "type"]


class StatusTest(AgentTest):
    def test_shapes_are_what_the_spec_says(self):
        self.configure(POOL + '[pools.bad]\n' + self.tap("web", "echo hello; exec sleep 1000"), reject_pool="bad")
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "a record")
        answer = self.ask()
        self.assertEqual((answer.returncode, answer.stderr), (0, b""))
        self.assertEqual(answer.stdout.count(b"\n"), 1, "one line")
        status = json.loads(answer.stdout)
        self.assertEqual(list(status), ["agent", "pools", "rejects", "sources"])
        self.assertEqual(list(status["agent"]), AGENT)
        self.assertEqual([list(pool) for pool in status["pools"]], [POOLS] * 2)
        self.assertEqual(status["rejects"], {"kept": 0, "lost": 0, "pool": "bad"})
        source, = status["sources"]
        self.assertEqual(list(source), SOURCES)
        self.assertEqual(source["received"], 1)
        self.assertEqual(source["state"], "running")
        self.assertEqual((status["agent"]["health"], status["agent"]["problems"]), ("healthy", []))
        self.assertEqual(status["agent"]["pid"], agent.pid)
        self.assertEqual(status["pools"][0]["size"], 1 << 20)
        self.stop(agent)

    def test_on_a_terminal_it_is_a_table_that_fits(self):
        self.configure(POOL + self.tap("web", "echo hello; exec sleep 1000"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "a record")
        shown = self.on_terminal("--color", "never", "agent", "status", "--config", self.config, columns=80)
        lines = shown.splitlines()
        self.assertTrue(lines[0].startswith("healthy "), shown)
        self.assertRegex(shown, r"SOURCE +TYPE +STATE")
        self.assertRegex(shown, r"web +tap +running +1 ")
        self.assertRegex(shown, r"app +1M ")
        self.assertLessEqual(max(map(len, lines[1:])), 80)
        pretty = self.on_terminal("--color", "never", "agent", "status", "--json", "--config", self.config)
        self.assertEqual(json.loads(pretty)["agent"]["pid"], agent.pid)
        self.stop(agent)

    def test_metrics_are_text(self):
        self.configure(POOL + self.tap("web", "echo hello; exec sleep 1000"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] == 1, "a record")
        metrics = self.ask("--metrics").stdout.decode()
        self.assertIn('plasmite_source_stored_total{source="web",type="tap"} 1\n', metrics)
        self.assertIn('plasmite_source_state{source="web",type="tap",state="running"} 1\n', metrics)
        self.assertIn("# TYPE plasmite_source_stored_total counter\n", metrics)
        self.stop(agent)

    def test_without_an_agent_it_is_3_and_says_what_to_do(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        for command in ("status", "reload"):
            error = self.refused("agent", command, "--config", self.config, code=3, kind="NotFound",
                                 message="no agent runs", hint=f"plasmite agent run --config {self.config}`")
            self.assertEqual(error["path"], str(self.socket))
        agent = self.start_agent()
        agent.kill()
        agent.wait()
        self.refused("agent", "status", "--config", self.config, code=3, kind="NotFound", message="nobody listens")

    def test_a_configuration_that_cannot_be_read_is_said_so_and_no_other_agent_asked(self):
        missing = self.dir / "missing.toml"
        for command in ("status", "reload"):
            error = self.refused("agent", command, "--config", missing, code=78, kind="NotFound",
                                 message="cannot read", hint="plasmite agent init")
            self.assertEqual(error["path"], str(missing))
        os.mkfifo(missing)
        self.refused("agent", "status", "--config", missing, code=78, kind="Usage", message="not a regular file")

    def test_an_agent_whose_socket_was_removed_is_named_and_comes_back(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.socket.unlink()
        error = self.refused("agent", "status", "--config", self.config, code=3, kind="NotFound",
                             message="no socket", hint="SIGHUP")
        self.assertIn(f"process {agent.pid}", error["hint"])
        shutil.rmtree(self.socket.parent)
        error = self.refused("agent", "status", "--config", self.config, code=3, kind="NotFound",
                             message="no socket", hint="SIGHUP")
        self.assertIn(f"process {agent.pid}", error["hint"])
        agent.send_signal(signal.SIGHUP)
        wait_for(lambda: self.ask().returncode == 0, "it listens again")
        self.stop(agent)
        self.assertFalse(self.socket.exists())

    def test_an_agent_that_does_not_answer_is_3(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        agent.send_signal(signal.SIGSTOP)
        self.refused("agent", "status", "--config", self.config, code=3, kind="Busy", message="does not answer")
        agent.send_signal(signal.SIGCONT)
        self.stop(agent)

    def test_who_may_not_connect_is_told_which_group_may(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        os.chmod(self.dir, 0o755)
        os.chmod(self.socket.parent, 0o755)
        if os.geteuid() != 0:
            os.chmod(self.socket, 0)
        result = self.unprivileged("agent", "status", "--socket", self.socket, code=6,
                                   programs=["plasmite-agent"])
        error = self.error(result)
        self.assertEqual(error["kind"], "Permission")
        self.assertIn(grp.getgrgid(os.stat(self.socket).st_gid).gr_name, error["hint"])
        self.stop(agent)

    def test_a_configuration_broken_since_does_not_hide_the_agent(self):
        self.configure(POOL + self.tap("web", "exec sleep 1000"))
        agent = self.start_agent()
        self.config.write_text(self.config.read_text() + "\n[[[broken")
        self.assertEqual(self.status()["agent"]["pid"], agent.pid)
        self.stop(agent)

    def test_a_pool_of_another_size_is_told_with_the_command(self):
        self.create("app", size="256K")
        self.configure(POOL + '[sources.input]\ntype = "stdin"\npool = "app"\n')
        agent = self.start_agent(stdin=subprocess.PIPE)
        status = self.status()
        problem, = status["agent"]["problems"]
        self.assertEqual(status["agent"]["health"], "healthy")
        command = problem.split("`")[1].split()
        self.pls(*command[1:])
        self.assertEqual(self.status()["agent"]["problems"], [])
        self.assertEqual(self.info("app")["file_size"], 1 << 20)
        self.stop(agent)

    def test_identity_holds_in_every_sample_of_a_flood(self):
        self.configure(POOL + self.tap("flood", "seq 1 300000; exec sleep 1000"))
        agent = self.start_agent()

        def sample():
            source = self.source("flood")
            self.assertEqual(source["received"],
                             source["stored"] + sum(source["dropped"].values()) + sum(source["rejected"].values()))
            return source["stored"] == 300000
        wait_for(sample, "all of it")
        self.stop(agent)


if __name__ == "__main__":
    unittest.main()
