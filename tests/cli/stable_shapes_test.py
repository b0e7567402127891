"""A shell script that uses every stable shape, and the scripts people have from before, under `set -euo pipefail`."""

import pathlib
import subprocess
import unittest

from cli_harness import PLS, TIMEOUT, CliTest

SCRIPT = pathlib.Path(__file__).with_name("stable_shapes.sh")
SHAPES = [
    "version", "pool info", "pool list", "receipt", "message", "follow --jsonl", "follow --data-only",
    "follow --where --tag", "a closed stdout", "follow --one", "errors and exit codes", "the exact command",
    "notices of feed", "notices of follow", "records of tap", "reports of doctor", "pool list with an error",
    "duplex", "pool delete",
]

# The recipes of the cookbook of Plasmite 0.8.0 that need one machine only, word for word; where two terminals
# belong together the reader is started first, and followers that go on for ever are ended.
BEFORE = r"""
set -euo pipefail
endless() { timeout 1.5 "$@" || [[ $? -eq 124 ]]; }
# Until so many processes follow the pool.
followed() {
  until [[ $(grep -ls "/$1.plasmite" /proc/[0-9]*/maps | wc -l) -ge $2 ]]; do sleep 0.01; done
  sleep 0.2
}
"""
EXISTING = {
    "produce and consume": (r"""
endless pls follow work --create > seen &
followed work 1
pls feed work --create '{"task": "resize", "id": 1}'
wait
""", '"task": "resize"', "seen"),
    "ci gate": (r"""
pls pool create ci > /dev/null
cat > deploy.sh <<'END'
set -euo pipefail
pls follow ci --where '.data.status == "green"' --one > /dev/null
echo "Tests passed — deploying..."
./deploy-to-staging.sh
END
printf '#!/bin/sh\necho deployed > seen\n' > deploy-to-staging.sh
printf '#!/bin/sh\nexit 0\n' > run-tests.sh
chmod +x *.sh
bash deploy.sh > log &
followed ci 1
./run-tests.sh
pls feed ci --create '{"status": "green", "commit": "a1b2c3d", "suite": "unit"}'
wait $!
""", "deployed", "seen"),
    "live build progress": (r"""
pls pool create build > /dev/null
endless pls follow build > all &
pls follow build --tag done --one > seen &
followed build 2
pls feed build --create '{"step": "compile", "pct": 0}'
pls feed build '{"step": "compile", "pct": 100}'
pls feed build '{"step": "test", "pct": 0}'
pls feed build '{"step": "test", "pct": 100}'
pls feed build --tag done '{"step": "finished", "ok": true}'
wait
[[ $(grep -c '"step"' all) -eq 5 ]]
""", '"finished"', "seen"),
    "system log intake": (r"""
journalctl() { printf '\x1e{"MESSAGE":"one"}\n\x1e{"MESSAGE":"two"}\n'; }
journalctl -o json-seq -f | pls feed syslog --create
pls pool delete syslog
pls pool create syslog --size 8M
journalctl -o json-seq -f | pls feed syslog
pls follow syslog --since 30m --replay 1 > seen
""", '"two"', "seen"),
    "polyglot service stitching": (r"""
for i in $(seq 1 5); do
  pls feed jobs --create "{\"task\": \"resize-image\", \"id\": $i}"
done
pls follow jobs --tail 5 --jsonl --timeout 100ms > seen || [[ $? -eq 124 ]]
[[ $(wc -l < seen) -eq 5 ]]
""", "resize-image", "seen"),
    "multi-writer event bus": (r"""
pls pool create events > /dev/null
endless pls follow events --tag alert > alerts &
endless pls follow events --tag alert --where '.data.service == "api"' > seen &
followed events 2
pls feed events --create --tag deploy '{"service": "api", "sha": "f4e5d6c"}'
pls feed events --tag alert '{"service": "api", "msg": "latency spike"}'
pls feed events --tag metric '{"service": "web", "rps": 1420}'
wait
[[ $(grep -c '"service"' alerts) -eq 1 ]]
""", "latency spike", "seen"),
    "replay and debug": (r"""
pls feed incidents --create --tag error --tag sev1 '{"code": 503}'
pls feed incidents --tag error '{"code": 500}'
pls follow incidents --since 1h --replay 10 > replayed
pls follow incidents --since 1h --replay 1 > /dev/null
[[ $(grep -c '"code"' replayed) -eq 2 ]]
endless pls follow incidents --tail 20 > last
[[ $(grep -c '"code"' last) -eq 2 ]]
endless pls follow incidents --tag error --tail 100 --jsonl > errors.jsonl
[[ $(jq -s length errors.jsonl) -eq 2 ]]
endless pls follow incidents --since 2h --tag sev1 --where '.data.code == 503' > seen
""", "503", "seen"),
    "ingest an api event stream": (r"""
curl() { printf ': hello\n\nevent: payment\ndata: {"type":"payment.completed"}\n\ndata: {"type":"ping"}\n\n'; }
curl -N https://api.example.com/events | pls feed api-events --create
endless pls follow api-events --tail 9 --where '.data.type == "payment.completed"' > seen
! grep -q ping seen
""", "payment.completed", "seen"),
}


class StableShapes(CliTest):
    def bash(self, script, *arguments):
        """Runs a script with `pls` in the PATH."""
        self.env["PATH"] = f"{pathlib.Path(PLS).parent}:{self.env['PATH']}"
        return subprocess.run(["bash", *arguments], input=script, env=self.env, cwd=self.dir, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)

    def test_a_script_uses_every_stable_shape(self):
        result = self.bash(None, SCRIPT)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertEqual(result.stdout.splitlines(), [f"used: {shape}" for shape in SHAPES])

    def test_scripts_from_before_run_unchanged(self):
        for name, (script, word, file) in EXISTING.items():
            with self.subTest(name):
                result = self.bash(BEFORE + script, "-s")
                self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
                self.assertIn(word, (self.dir / file).read_text())


if __name__ == "__main__":
    unittest.main()
