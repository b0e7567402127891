"""What the tests of the agent share: a configuration, the running agent, what it says."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from cli_harness import PLS, SANITIZED, TIMEOUT, CliTest, wait_for

__all__ = ["AgentTest", "PLS", "SANITIZED", "TIMEOUT", "unittest", "wait_for"]


class AgentTest(CliTest):
    def setUp(self):
        super().setUp()
        self.config = self.dir / "agent.toml"
        self.socket = self.dir / "run" / "agent.sock"
        self.log_path = self.dir / "agent.log"
        self.logs = 0

    def configure(self, text, **agent):
        """Writes the configuration; `text` is all but [agent]."""
        lines = [f'pools = "{self.pools}"', f'socket = "{self.socket}"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in agent.items()]
        self.config.write_text("[agent]\n" + "\n".join(lines) + "\n" + text)

    @staticmethod
    def tap(name, script, pool="app", **options):
        """A source that runs a shell script."""
        options = {"restart": "never", **options}
        lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
        command = json.dumps(["sh", "-c", script])
        return f'[sources.{name}]\ntype = "tap"\npool = "{pool}"\ncommand = {command}\n' + "\n".join(lines) + "\n"

    def start_agent(self, *, answers=True, stdin=subprocess.DEVNULL, env=None, **options):
        """Starts it; returns once it answers."""
        self.logs += 1
        self.log_path = self.dir / f"agent{self.logs}.log"
        with open(self.log_path, "wb") as log:
            agent = self.start("agent", "run", "--config", self.config, stdin=stdin, stdout=subprocess.PIPE,
                               stderr=log, env={**self.env, **(env or {})}, **options)
        if answers:
            wait_for(lambda: agent.poll() is not None or self.ask().returncode in (0, 1), "the agent answers")
            self.assertIsNone(agent.poll(), self.log())
        return agent

    def log(self):
        return self.log_path.read_text()

    def ask(self, *options):
        """`agent status` without looking at the exit code."""
        return subprocess.run([PLS, "agent", "status", "--config", self.config, *options], env=self.env,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False)

    def status(self):
        return json.loads(self.ask().stdout)

    def source(self, name):
        return next(source for source in self.status()["sources"] if source["name"] == name)

    def wait_for_source(self, name, condition, what):
        return wait_for(lambda: (lambda source: condition(source) and source)(self.source(name)), what)

    def reload(self, code=0):
        return json.loads(self.pls("agent", "reload", "--config", self.config, code=code).stdout)

    def stop(self, agent, code=0, how=signal.SIGTERM):
        agent.send_signal(how)
        self.assertEqual(agent.wait(TIMEOUT), code, self.log())
        return agent.stdout.read()

    def lines(self, pool):
        """The captured lines of a tap, as text; lifecycle records are left out."""
        return [data["line"] for data in self.data(pool) if "line" in data]


def threads_of(pid):
    return [int(entry.name) for entry in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def wake_ups(pid):
    """How often the threads of a process have gone to sleep by themselves so far."""
    total = 0
    for thread in threads_of(pid):
        for line in pathlib.Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def sleep_until_quiet(pid, seconds):
    """Wake-ups of a process within so many seconds. The one place where time has to pass."""
    before = wake_ups(pid)
    time.sleep(seconds)
    return wake_ups(pid) - before
