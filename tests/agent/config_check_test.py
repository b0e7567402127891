"""`agent check` and `agent init`: what a configuration is told, and by which exit code."""

import os
import stat
import subprocess

from agent_harness import PLS, TIMEOUT, AgentTest, unittest

GOOD = """[agent]
pools = "pools"
socket = "agent.sock"
[pools.app]
size = "1M"
[sources.web]
type = "tap"
pool = "app"
command = ["sh", "-c", "true"]
"""
STDIN = '[sources.%s]\ntype = "stdin"\npool = "app"\n'


class CheckTest(AgentTest):
    def check(self, text, code):
        self.config.write_text(text)
        return self.pls("agent", "check", "--config", self.config, code=code)

    def bad(self, text, line, key, message, fix):
        """One problem: its file, line, key, what it is and what to do."""
        result = self.check(text, code=78)
        self.assertEqual(result.stdout, b"")
        lines = [told for told in result.stderr.decode().splitlines() if "warning: " not in told]
        self.assertTrue(lines[0].startswith(f"{self.config}:{line}: {key}"), lines)
        self.assertIn(message, lines[0])
        self.assertTrue(lines[1].startswith("  fix: "), lines)
        self.assertIn(fix, lines[1])

    def test_a_good_one_is_summed_up(self):
        result = self.check(GOOD, code=0)
        self.assertEqual(result.stdout.decode(), f"{self.config}: ok: 1 pool, 1 source\n")
        self.assertEqual(result.stderr, b"")

    def test_what_is_worth_knowing_does_not_make_it_bad(self):
        result = self.check("[pools.app]\n", code=0)
        self.assertIn(b"ok: 1 pool, 0 sources", result.stdout)
        self.assertIn(b"warning: ", result.stderr)

    def test_an_unknown_key(self):
        self.bad(GOOD.replace("pools =", "pols ="), 2, "agent.pols", "unknown key", "`pools`")
        self.bad(GOOD + 'restrat = "always"\n', 10, "sources.web.restrat", "unknown key", "`restart`")
        self.bad(GOOD + "[source.x]\n", 10, "source", "unknown key", "sources")

    def test_a_wrong_type(self):
        self.bad(GOOD.replace('size = "1M"', "size = true"), 5, "pools.app.size", "must be", "double quotes")
        self.bad(GOOD.replace('["sh", "-c", "true"]', '"true"'), 9, "sources.web.command", "array of strings", "[")

    def test_a_value_out_of_range(self):
        self.bad(GOOD.replace('"1M"', '"1K"'), 5, "pools.app.size", "1K", "64K")

    def test_a_name_that_occurs_twice(self):
        self.bad(GOOD + "[pools.app]\n", 10, "", "app", "")
        conf_d = self.dir / "conf.d"
        conf_d.mkdir()
        (conf_d / "more.toml").write_text(STDIN % "web")
        self.config.write_text(GOOD)
        result = self.pls("agent", "check", "--config", self.config, code=78)
        self.assertIn(f"{conf_d}/more.toml:1: sources.web", result.stderr.decode())
        self.assertIn(f"{self.config}:6", result.stderr.decode(), "both places")

    def test_two_of_stdin(self):
        self.bad(GOOD + STDIN % "one" + STDIN % "two", 14, "sources.two", "stdin", "")

    def test_a_pool_that_is_too_small(self):
        self.bad(GOOD + 'max_record = "900K"\n', 10, "sources.web.max_record", "app", "size")

    def test_a_pool_that_is_not_declared(self):
        self.bad(GOOD.replace('pool = "app"', 'pool = "ap"'), 8, "sources.web.pool", "ap", "`app`")

    def test_a_name_that_is_no_file_name(self):
        self.bad(GOOD + '[pools."../etc"]\n', 10, 'pools."../etc"', "", "a-z")
        self.bad(GOOD.replace("[sources.web]", '[sources."a/b"]'), 6, 'sources."a/b"', "", "a-z")

    def test_a_name_that_checkpoints_of_taps_have(self):
        self.bad(GOOD.replace("[sources.web]", '[sources."tap.0"]'), 6, 'sources."tap.0"', "tap.", "")

    def test_a_secret_that_cannot_be_read(self):
        self.bad(GOOD + f'environment_from = {{ TOKEN = "{self.dir}/none" }}\n', 10,
                 "sources.web.environment_from", "none", "")

    def test_a_variable_that_is_not_set(self):
        self.bad(GOOD.replace('"1M"', '"${NO_SUCH_VARIABLE}"'), 5, "pools.app.size", "NO_SUCH_VARIABLE", ":-")

    def test_what_is_no_toml(self):
        self.bad(GOOD + "[sources.x\n", 10, "", "", "")

    def test_a_file_that_is_not_there(self):
        result = self.pls("agent", "check", "--config", self.dir / "none.toml", code=78)
        self.assertIn(b"agent init", result.stderr)
        agent = self.pls("agent", "run", "--config", self.dir / "none.toml", code=78)
        self.assertIn(b"agent init", agent.stderr)

    def test_all_problems_are_told_at_once_and_none_of_them_shows_a_secret(self):
        (self.dir / "token").write_text("s3cret-of-a-file\n")
        result = self.check(GOOD.replace("pools =", "pols =") +
                            f'environment_from = {{ TOKEN = "{self.dir}/token", "B=C" = "{self.dir}/token" }}\n'
                            'environment = { A = "s3cret-as-it-stands", "X=Y" = "s3cret-too" }\nnope = 1\n', code=78)
        told = result.stderr.decode()
        self.assertGreaterEqual(told.count("  fix: "), 3, told)
        self.assertNotIn("s3cret", told)


class SecretsTest(AgentTest):
    def test_values_of_the_environment_are_in_no_log_status_or_metrics(self):
        """Also of a command that cannot be started, and with everything logged."""
        (self.dir / "token").write_text("s3cret-of-a-file\n")
        secrets = (f'environment = {{ A = "s3cret-as-it-stands" }}\n'
                   f'environment_from = {{ TOKEN = "{self.dir}/token" }}\n')
        self.configure('[pools.app]\nsize = "1M"\n' + self.tap("web", 'test "$TOKEN$A" && exec sleep 1000') + secrets
                       + self.tap("bad", "exit 3", restart="on-failure", restart_delay="100ms") + secrets
                       + self.tap("none", "", restart="on-failure", directory="/no/such/folder") + secrets,
                       log_level="debug")
        checked = self.pls("agent", "check", "--config", self.config)
        agent = self.start_agent()
        self.wait_for_source("bad", lambda source: source["restarts"] >= 2, "it is run again")
        self.wait_for_source("none", lambda source: source["last_error"], "it has an error")
        with open(f"/proc/{self.source('web')['pid']}/environ", "rb") as environ:
            self.assertIn(b"TOKEN=s3cret-of-a-file\0", environ.read(), "the command has it")
        told = [checked.stdout, checked.stderr, self.ask().stdout, self.ask("--metrics").stdout,
                self.on_terminal("agent", "status", "--config", self.config, code=1)]
        self.reload()
        self.stop(agent)
        told.append(self.log_path.read_bytes())
        for text in told:
            self.assertNotIn("s3cret", str(text))


class InitTest(AgentTest):
    def init(self, *options, code=0):
        return self.pls("agent", "init", "--config", self.config, *options, code=code)

    def test_what_it_writes_passes_the_check(self):
        told = self.init().stdout.decode()
        for command in ("check", "run"):
            self.assertIn(f"`plasmite agent {command} --config {self.config}`", told)
        self.assertEqual(stat.S_IMODE(os.stat(self.config).st_mode), 0o640)
        result = self.pls("agent", "check", "--config", self.config)
        self.assertIn(b": ok: ", result.stdout)

    def test_what_it_writes_runs(self):
        self.init()
        agent = subprocess.Popen([PLS, "agent", "run", "--config", self.config], env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(self.end, agent)
        first = agent.stderr.readline()
        while first and b"agent started" not in first:
            first = agent.stderr.readline()
        self.assertIn(b"agent started", first)
        agent.terminate()
        agent.communicate(timeout=TIMEOUT)
        self.assertEqual(agent.returncode, 0)

    def test_who_may_not_write_there_is_told_to_name_another_file(self):
        folder = self.dir / "closed"
        folder.mkdir(mode=0o555)
        for config in (folder / "agent.toml", folder / "made" / "agent.toml"):
            result = self.unprivileged("agent", "init", "--config", config, code=6, programs=["plasmite-agent"])
            self.assertIn("--config", self.error(result)["hint"])

    def test_a_file_that_is_there_is_kept_unless_one_insists(self):
        self.config.write_text("# mine\n")
        self.refused("agent", "init", "--config", self.config, code=4, kind="AlreadyExists", hint="--force",
                     path=self.config)
        self.assertEqual(self.config.read_text(), "# mine\n")
        self.init("--force")
        self.assertNotIn("# mine", self.config.read_text())


if __name__ == "__main__":
    unittest.main()
