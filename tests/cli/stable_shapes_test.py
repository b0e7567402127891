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

# The recipes of the cookbook of Plasmite 0.8.0 that need one machine only, word for word. Where two terminals
# belong together the reader is started first; followers that go on for ever end with their pool.
BEFORE = r"""
set -euo pipefail
endless() { "$@" 2> /dev/null || [[ $? -eq 3 ]]; }
# Until so many processes follow the pool.
followed() {
  until [[ $(grep -ls "/$1.plasmite" /proc/[0-9]*/maps | wc -l) -ge $2 ]]; do sleep 0.01; done
  sleep 0.2
}
# Until there are so many lines with this word in the file.
shown() { until [[ -e $1 && $(grep -c "$2" "$1") -ge $3 ]]; do sleep 0.01; done; }
over() {
  pls pool delete "$1" > /dev/null
  wait
}
"""
EXISTING = {
    "produce and consume": r"""
endless pls follow work --create > seen &
followed work 1
pls feed work --create '{"task": "resize", "id": 1}'
shown seen '"task": "resize"' 1
over work
""",
    "ci gate": r"""
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
shown seen deployed 1
""",
    "live build progress": r"""
pls pool create build > /dev/null
endless pls follow build > all &
pls follow build --tag done --one > seen &
followed build 2
pls feed build --create '{"step": "compile", "pct": 0}'
pls feed build '{"step": "compile", "pct": 100}'
pls feed build '{"step": "test", "pct": 0}'
pls feed build '{"step": "test", "pct": 100}'
pls feed build --tag done '{"step": "finished", "ok": true}'
wait $!
shown seen '"finished"' 1
shown all '"step"' 5
over build
""",
    "system log intake": r"""
journalctl() { printf '\x1e{"MESSAGE":"one"}\n\x1e{"MESSAGE":"two"}\n'; }
journalctl -o json-seq -f | pls feed syslog --create
pls pool delete syslog
pls pool create syslog --size 8M
journalctl -o json-seq -f | pls feed syslog
pls follow syslog --since 30m --replay 1 > seen
shown seen '"MESSAGE"' 2
""",
    "polyglot service stitching": r"""
for i in $(seq 1 5); do
  pls feed jobs --create "{\"task\": \"resize-image\", \"id\": $i}"
done
pls follow jobs --tail 5 --jsonl --timeout 100ms > seen || [[ $? -eq 124 ]]
shown seen resize-image 5
""",
    "multi-writer event bus": r"""
pls pool create events > /dev/null
endless pls follow events --tag alert > alerts &
endless pls follow events --tag alert --where '.data.service == "api"' > seen &
followed events 2
pls feed events --create --tag deploy '{"service": "api", "sha": "f4e5d6c"}'
pls feed events --tag alert '{"service": "api", "msg": "latency spike"}'
pls feed events --tag metric '{"service": "web", "rps": 1420}'
shown seen 'latency spike' 1
shown alerts 'latency spike' 1
over events
[[ $(cat seen alerts | grep -c '"service"') -eq 2 ]]
""",
    "replay and debug": r"""
pls feed incidents --create --tag error --tag sev1 '{"code": 503}'
pls feed incidents --tag error '{"code": 500}'
pls follow incidents --since 1h --replay 10 > replayed
pls follow incidents --since 1h --replay 1 > /dev/null
shown replayed '"code"' 2
endless pls follow incidents --tail 20 > last &
endless pls follow incidents --tag error --tail 100 --jsonl > errors.jsonl &
endless pls follow incidents --since 2h --tag sev1 --where '.data.code == 503' > seen &
shown last '"code"' 2
shown errors.jsonl '"code"' 2
shown seen '"code"' 1
over incidents
[[ $(jq -s length errors.jsonl) -eq 2 ]]
""",
    "ingest an api event stream": r"""
curl() { printf ': hello\n\nevent: payment\ndata: {"type":"payment.completed"}\n\ndata: {"type":"ping"}\n\n'; }
curl -N https://api.example.com/events | pls feed api-events --create
endless pls follow api-events --tail 9 --where '.data.type == "payment.completed"' > seen &
shown seen payment.completed 1
over api-events
! grep -q ping seen
""",
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
        for name, script in EXISTING.items():
            with self.subTest(name):
                result = self.bash(BEFORE + script, "-s")
                self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)


if __name__ == "__main__":
    unittest.main()
