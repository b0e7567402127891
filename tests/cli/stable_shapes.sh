#!/usr/bin/env bash
# A script as people write them: every shape that spec/cli.md calls stable is used, with jq, in a shell that ends at
# the first thing that goes wrong. Needs `pls` in the PATH and an empty $PLASMITE_DIR. Prints a line for each shape.
set -euo pipefail

cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT

used() { echo "used: $1"; }

# Runs a command that must end with this code; what it prints on stdout is ours to use.
expect() {
  local code=0 want=$1
  shift
  "$@" || code=$?
  if [[ $code -ne $want ]]; then
    echo "$*: exit code $code, not $want" >&2
    return 1
  fi
}

# Holds for each JSON text on stdin, of which there is one at least, or the script ends.
holds() { jq -es "length > 0 and all(.[]; $1)" > /dev/null; }

readonly TIME='test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}([.][0-9]{1,9})?Z$")'
readonly POOL_INFO='(.bounds | type == "object") and
  all(.file_size, .index_capacity, .index_offset, .index_size_bytes, .ring_offset, .ring_size; type == "number")
  and (.name | type == "string") and (.path | test("[.]plasmite$"))
  and (.metrics.age | keys) == ["newest_age_ms", "newest_time", "oldest_age_ms", "oldest_time"]
  and all(.metrics.message_count, .metrics.seq_span; type == "number")
  and (.metrics.utilization | keys == ["free_bytes", "used_bytes", "used_percent"] and all(.[]; type == "number"))'

# Versions.
version=$(pls version | jq -er 'select(.name == "plasmite") | .version')
[[ $(pls --version) == "plasmite $version" ]]
used version

# Pools.
pls pool create jobs --size 1M --json | holds ".created | length == 1 and all(.[]; $POOL_INFO)"
pls pool create other --size 64K > /dev/null
pls pool info jobs --json | holds "$POOL_INFO and .bounds == {} and .metrics.message_count == 0 and
  all(.metrics.age[]; . == null)"
used "pool info"
mapfile -t names < <(pls pool list --json | jq -r '.pools[].name')
[[ ${names[*]} == "jobs other" ]]
pls pool list --json | holds '.pools | all(.[]; keys == ["bounds", "file_size", "mtime", "name", "path"])'
used "pool list"

# Receipts.
receipt=$(pls feed jobs '{"task":"resize","id":1}' --tag ci --tag img)
holds "keys == [\"meta\", \"seq\", \"time\"] and .meta.tags == [\"ci\", \"img\"] and (.time | $TIME)" <<< "$receipt"
seq=$(jq -r .seq <<< "$receipt")
[[ $(printf '%s\n' '{"id":2}' '{"id":3}' | pls feed jobs | jq -r .seq | paste -sd ' ') == "$((seq + 1)) $((seq + 2))" ]]
used receipt

# Messages: by number, as lines, pretty, the data alone.
message='keys == ["data", "meta", "seq", "time"] and (.meta.tags | type == "array") and (.seq | type == "number")'
pls fetch jobs "$seq" | holds "$message and .data == {\"task\": \"resize\", \"id\": 1} and (.time | $TIME)"
pls follow jobs --tail 1 --one | holds "$message and .data.id == 3"
used message
count=0
while IFS= read -r line; do
  holds "$message" <<< "$line"
  count=$((count + 1))
done < <(expect 124 pls follow jobs --since 1h --jsonl --timeout 100ms)
[[ $count -eq 3 ]]
used "follow --jsonl"
[[ $(pls follow jobs --tail 2 --jsonl --data-only --replay 0 | jq -s 'map(.id) | add') -eq 5 ]]
used "follow --data-only"
[[ $(pls follow jobs --tail 9 --where '.data.id >= 2' --jsonl --replay 0 | wc -l) -eq 2 ]]
[[ $(pls follow jobs --tail 1 --tag img --one | jq .data.id) -eq 1 ]]
used "follow --where --tag"
[[ $(pls follow jobs --since 1h --jsonl --timeout 5s | head -n 1 | jq .seq) -eq $seq ]]
used "a closed stdout"

# A gate: a reader waits in the background for what is fed here.
pls follow jobs --where '.data.status == "green"' --one --jsonl > gate.json &
gate=$!
until [[ -s gate.json ]]; do pls feed jobs '{"status":"green"}' > /dev/null; done
wait "$gate"
holds '.data.status == "green"' < gate.json
used "follow --one"

# Errors: the envelope and the code; `|| code=$?` keeps the script alive.
check_error() {
  local code=$1 kind=$2
  shift 2
  expect "$code" "$@" > out.txt 2> error.json < /dev/null
  [[ ! -s out.txt && $(wc -l < error.json) -eq 1 ]]
  holds ".error | .kind == \"$kind\" and (.message | type == \"string\") and
    (.hint // \"\" | type == \"string\") and (.causes // [] | all(.[]; type == \"string\"))" < error.json
}
check_error 2 Usage pls feed jobs 'not json'
check_error 3 NotFound pls follow gone
jq -e '.error.path | endswith("/gone.plasmite")' error.json > /dev/null
check_error 3 NotFound pls fetch jobs 999999
jq -e '.error.seq == 999999' error.json > /dev/null
check_error 4 AlreadyExists pls pool create jobs
exec 9<> "$PLASMITE_DIR/other.plasmite"
flock 9
check_error 5 Busy pls feed other '{}' --lock-timeout 10ms
exec 9>&-
printf 'no pool at all' > "$PLASMITE_DIR/bad.plasmite"
check_error 7 Corrupt pls fetch bad 1
check_error 8 Io pls feed jobs --file none.jsonl
used "errors and exit codes"
[[ $(jq -r '.error.hint' <(expect 3 pls feed new '{"id":4}' 2>&1)) == *"plasmite feed new --create"* ]]
used "the exact command"

# Notices, on stderr, while stdout has the receipts.
notice='(.notice | keys == ["cmd", "details", "kind", "message", "pool", "time"])'
printf '{"id":5}\nnope\n{"id":6}\n' | expect 1 pls feed jobs --errors skip > receipts.jsonl 2> notices.jsonl
[[ $(wc -l < receipts.jsonl) -eq 2 ]]
holds "$notice" < notices.jsonl
jq -se '.[0].notice | .kind == "ingest_skip" and (.details | .error_kind == "Parse" and .index == 2 and .line == 2
  and .mode == "jsonl" and .snippet == "nope" and (.pool_path | type == "string"))' notices.jsonl > /dev/null
jq -se '.[-1].notice | .kind == "ingest_summary" and
  (.details | .failed == 1 and .ok == 2 and .total == 3)' notices.jsonl > /dev/null
used "notices of feed"
mkfifo lines
expect 124 pls follow other --since 1h --jsonl --timeout 2s > lines 2> drops.jsonl &
follower=$!
exec 8< lines
pls feed other '{"id":0}' > /dev/null
IFS= read -r line <&8 # it follows, and then nobody reads until the pool went round
seq -f '{"id":%.0f,"pad":"...................................................................."}' 20000 |
  pls feed other > /dev/null
cat <&8 > /dev/null
exec 8<&-
wait "$follower"
holds "$notice and .notice.kind == \"drop\" and (.notice.details |
  all(.dropped_count, .last_seen_seq, .next_seen_seq; type == \"number\"))" < drops.jsonl
used "notices of follow"

# tap: the status is the command's, its output passes, its records are messages.
[[ $(expect 3 pls tap build --create --create-size 1M --tag ci -- sh -c 'echo out; echo err >&2; exit 3' 2> err.txt) == out ]]
[[ $(cat err.txt) == err ]]
pls tap build -- echo again | tee again.txt > /dev/null
expect 143 pls tap build -q -- sh -c 'kill -TERM $$'
pls follow build --tail 99 --replay 0 --jsonl > records.jsonl
holds '.data.kind | IN("start", "line", "exit")' < records.jsonl
jq -se 'map(select(.data.kind == "line")) | map([.data.stream, .data.line]) | sort ==
  [["stderr", "err"], ["stdout", "again"], ["stdout", "out"]]' records.jsonl > /dev/null
jq -se 'map(select(.meta.tags == ["lifecycle"]) | .data) |
  map(select(.kind == "start") | .cmd) == [["sh", "-c", "echo out; echo err >&2; exit 3"], ["echo", "again"],
    ["sh", "-c", "kill -TERM $$"]] and
  map(select(.kind == "exit") | .code // .signal) == [3, 0, "SIGTERM"] and
  all(.[] | select(.kind == "exit"); .elapsed_ms | type == "number")' records.jsonl > /dev/null
used "records of tap"

# doctor: 7 and a report.
expect 7 pls doctor --all --json > reports.json
holds '.reports | map({key: .path | split("/") | last | rtrimstr(".plasmite"), value: .status}) | from_entries ==
  {bad: "corrupt", build: "ok", jobs: "ok", other: "ok"}' < reports.json
holds '.reports | all(.[]; (.issue_count == (.issues | length)) and has("last_good_seq") and has("snapshot_path") and
  (.pool_ref | type == "string") and (.remediation_hints | type == "array") and
  all(.issues[]; keys == ["code", "message", "offset", "seq"]))' < reports.json
used "reports of doctor"
pls pool list --json | holds '.pools[0] | .name == "bad" and .error.error.kind == "Corrupt"'
used "pool list with an error"

# duplex in a pipe.
[[ $(echo '{"from":"bob","msg":"hi"}' | pls duplex jobs --me ann --jsonl | jq -r .data.msg) == hi ]]
used duplex

# The end of it all.
expect 3 pls pool delete jobs gone other build bad --json > deleted.json
holds '(.deleted | map(.pool) == ["jobs", "other", "build", "bad"] and all(.[]; .path | type == "string")) and
  (.failed | map(.pool) == ["gone"] and all(.[]; .error.kind == "NotFound"))' < deleted.json
used "pool delete"
