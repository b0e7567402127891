"""Faults of the place where pools lie: seen in the status, survived, and over when they are."""

import fcntl
import os
import re
import shutil
import subprocess

from agent_harness import AgentTest, unittest, wait_for
from journald_namespace import private_mounts

POOL = '[pools.app]\nsize = "1M"\n'
COUNTING = "n=0; while :; do n=$((n+1)); echo $n; sleep 0.02; done"


class FaultsTest(AgentTest):
    def start_as_somebody(self):
        """As a user whom modes stop: no mode stops root."""
        program = self.install("program", "plasmite-commands", "plasmite-agent")
        run = self.dir / "run"
        run.mkdir()
        user = {}
        if os.geteuid() == 0:
            for path in (self.pools, run):
                os.chown(path, 65534, 65534)
            user = dict(user=65534, group=65534, extra_groups=[])
        self.dir.chmod(0o755)
        self.config.chmod(0o644)
        with open(self.log_path, "wb") as log:
            agent = subprocess.Popen([program, "agent", "run", "--config", self.config], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=log, env=self.env, **user)
        self.addCleanup(self.end, agent)
        return agent

    def test_a_folder_that_cannot_be_made_is_named_and_the_source_runs_when_it_can(self):
        self.pools.parent.mkdir(exist_ok=True)
        self.pools.write_text("in the way")
        self.configure(POOL + self.tap("web", COUNTING))
        agent = self.start_agent()
        status = wait_for(lambda: (lambda now: now["agent"]["health"] == "degraded" and now)(self.status()), "trouble")
        self.assertTrue(any("pool app" in problem for problem in status["agent"]["problems"]), status["agent"])
        self.assertTrue(any("source web" in problem for problem in status["agent"]["problems"]), status["agent"])
        self.pools.unlink()
        self.wait_for_source("web", lambda source: source["state"] == "running" and source["stored"], "it stores")
        wait_for(lambda: self.status()["agent"]["health"] == "healthy", "all is well")
        self.stop(agent)

    def test_a_pool_that_somebody_deletes_is_made_again_and_nothing_is_lost_after_that(self):
        self.configure(POOL + self.tap("web", COUNTING))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["stored"] > 3, "it stores")
        self.pls("pool", "delete", "app")
        wait_for(lambda: self.path("app").exists() and (self.info("app")["bounds"].get("newest") or 0) > 3,
                 "it stores again")
        self.stop(agent)
        numbers = [int(line) for line in self.lines("app")]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_a_pool_that_somebody_holds_shows_within_its_lock_wait_and_what_is_left_out_counts_live(self):
        self.create("app", size="1M")
        self.configure(POOL + self.tap("web", f"while [ ! -e {self.dir}/go ]; do sleep 0.05; done; seq 1 1500000; "
                                       "exec sleep 1000", overflow="drop"))
        agent = self.start_agent()
        self.wait_for_source("web", lambda source: source["state"] == "running" and source["gaps"] == 0, "it runs")
        samples = []

        def sample(condition):
            status = self.status()
            source, = status["sources"]
            self.assertEqual(source["received"], source["stored"] + sum(source["dropped"].values()) +
                             sum(source["rejected"].values()))
            samples.append(source)
            return condition(status, source) and (status, source)

        with open(self.path("app"), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            (self.dir / "go").touch()
            status, blocked = wait_for(lambda: sample(lambda _, source: source["dropped"]["overflow"] > 0 and
                                                      source["state"] == "blocked"), "it is blocked, and counts")
            # Before the 5 s that a lock is waited for are over, there is no error.
            self.assertIn((blocked["last_error"] or {"kind": "Busy"})["kind"], "Busy")
            self.assertIn("source web waits for its pool app", status["agent"]["problems"][0])
            self.assertEqual((status["agent"]["health"], blocked["caught_up"]), ("degraded", False))
            self.assertGreaterEqual(blocked["lag_ms"], 1000)
            wait_for(lambda: sample(lambda _, source: source["lag_ms"] > blocked["lag_ms"]), "lag grows")
            metrics = self.ask("--metrics").stdout.decode()
            lag = re.search(r'plasmite_source_lag_seconds\{source="web",type="tap"\} (\S+)', metrics)
            self.assertGreater(float(lag[1]), 1)
        wait_for(lambda: sample(lambda _, source: source["received"] == 1500000), "all is accounted for")
        wait_for(lambda: sample(lambda status, source: status["agent"]["health"] == "healthy" and source["caught_up"]),
                 "all is well")
        for before, after in zip(samples, samples[1:]):
            self.assertLessEqual(before["received"], after["received"])
        self.stop(agent)

    def test_a_folder_that_becomes_read_only_is_named_and_the_source_runs_when_it_is_not(self):
        self.pools.mkdir(parents=True)
        self.configure(POOL + self.tap("web", COUNTING))
        agent = self.start_as_somebody()
        wait_for(lambda: agent.poll() is not None or self.ask().returncode == 0, "it answers")
        self.assertIsNone(agent.poll(), self.log())
        self.wait_for_source("web", lambda source: source["stored"] > 3, "it stores")
        self.pools.chmod(0o555)
        # The pool that is there goes on; what cannot be made any more is told all the same.
        named = wait_for(lambda: [problem for problem in self.status()["agent"]["problems"]
                                  if str(self.pools) in problem], "the folder is named")
        self.assertEqual(len(named), 1, named)
        self.assertEqual(self.ask().returncode, 1)
        stored = self.source("web")["stored"]
        self.wait_for_source("web", lambda source: source["stored"] > stored, "it goes on")
        self.pools.chmod(0o755)
        wait_for(lambda: self.ask().returncode == 0, "all is well")
        self.stop(agent)

    def test_a_pool_that_cannot_be_made_in_a_read_only_folder_is_made_when_it_can(self):
        self.pools.mkdir(parents=True)
        self.pools.chmod(0o555)
        self.configure(POOL + self.tap("web", COUNTING))
        agent = self.start_as_somebody()
        wait_for(lambda: agent.poll() is not None or self.ask().returncode == 1, "it is degraded")
        self.assertIsNone(agent.poll(), self.log())
        problems = self.status()["agent"]["problems"]
        for word in ("pool app", "source web"):
            self.assertTrue(any(word in problem and str(self.pools) in problem for problem in problems), problems)
        self.pools.chmod(0o755)
        self.wait_for_source("web", lambda source: source["state"] == "running" and source["stored"] > 3, "it stores")
        wait_for(lambda: self.ask().returncode == 0, "all is well")
        self.stop(agent)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "needs root, to mount a filesystem")
    def test_a_full_disk_is_named_and_the_source_runs_when_there_is_room(self):
        """In a mount namespace of the agent's own; the way in is /proc/PID/root."""
        self.pools.mkdir(parents=True)
        self.configure('[pools.app]\nsize = "1M"\n' + self.tap("web", COUNTING))
        script = (f'mount -t tmpfs -o size=1536K none "{self.pools}" && dd if=/dev/zero of="{self.pools}/ballast" '
                  'bs=1K count=1500 status=none; exec "$0" agent run --config "$1"')
        log = open(self.dir / "agent.log", "wb")
        self.addCleanup(log.close)
        agent = subprocess.Popen([*private_mounts(), "sh", "-c", script,
                                  os.environ.get("PLS_BIN", "pls"), self.config],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.env)
        self.addCleanup(self.end, agent)
        wait_for(lambda: agent.poll() is not None or self.ask().returncode == 1, "it is degraded")
        self.assertIsNone(agent.poll(), self.log())
        problems = self.status()["agent"]["problems"]
        self.assertTrue(any("full filesystem" in problem for problem in problems), problems)
        self.assertTrue(any("source web" in problem for problem in problems), problems)
        os.unlink(f"/proc/{agent.pid}/root{self.pools}/ballast")
        self.wait_for_source("web", lambda source: source["stored"] > 3, "it stores")
        wait_for(lambda: self.status()["agent"]["health"] == "healthy", "all is well")
        self.stop(agent)


if __name__ == "__main__":
    unittest.main()
