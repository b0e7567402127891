#!/bin/bash
# Checks the counting of stages.sh: what fails must be seen to fail.
set -euo pipefail
stages_folder=$(mktemp -d)
trap 'rm -rf "$stages_folder"' EXIT
here=$(dirname "$0")

# expect LAST_LINE EXIT_CODE STAGE...: runs the stages, one command line each.
expect() {
  local last=$1 expected_code=$2 code=0 output
  shift 2
  output=$(
    . "$here/stages.sh"
    for command in "$@"; do stage one 1 bash -c "$command"; done
    finish
  ) || code=$?
  if [ "$(tail -n 1 <<<"$output")" != "$last" ] || [ "$code" -ne "$expected_code" ]; then
    printf 'expected "%s" and exit %s, got exit %s and:\n%s\n' "$last" "$expected_code" "$code" "$output"
    exit 1
  fi
}

expect "0 passed, 0 failed" 1
expect "1 passed, 0 failed" 0 true
expect "1 passed, 1 failed" 1 true false
expect "0 passed, 1 failed" 1 "sleep 9"
expect "9 passed, 1 failed" 1 'echo "90% tests passed, 1 tests failed out of 10"; exit 8'
expect "10 passed, 1 failed" 1 'echo "100% tests passed, 0 tests failed out of 10"; exit 3'
expect "7 passed, 2 failed" 1 'echo "100% tests passed, 0 tests failed out of 3"; echo "7 passed, 2 failed"'
expect "3 passed, 0 failed" 0 'echo "7 passed, 2 failed"; echo "100% tests passed, 0 tests failed out of 3"'
