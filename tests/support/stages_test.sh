#!/bin/bash
# Checks the counting of stages.sh: what fails must be seen to fail.
set -euo pipefail
stages_folder=$(mktemp -d)
trap 'rm -rf "$stages_folder"' EXIT
here=$(dirname "$0")

# run STAGE...: runs the stages, one command line each.
run() (
  . "$here/stages.sh"
  for command in "$@"; do stage one 1 bash -c "$command"; done
  finish
)

# expect LAST_LINE EXIT_CODE STAGE...: what a run of the stages ends with.
expect() {
  local last=$1 expected_code=$2 code=0 output
  shift 2
  output=$(run "$@") || code=$?
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

# expect_names NAMES STAGE...: the failures that the report of such a run names, one a line.
expect_names() {
  local expected=$1 named
  shift
  named=$(run "$@" | awk '/^-- one / { report = ""; next } /^failed: / { report = report "\n" $0 }
                           END { print substr(report, 2) }' || true)
  if [ "$named" != "$expected" ]; then
    printf 'expected the failures\n%s\ngot\n%s\n' "$expected" "$named"
    exit 1
  fi
}

ctest_output='echo "67% tests passed, 2 tests failed out of 6"
echo; echo "Total Test time (real) =   1.00 sec"
echo; echo "The following tests FAILED:"
printf "\t 12 - Ring.Wraps (Failed)\n\t105 - cli.tap_test.Tap.test a b (Timeout)\n"
echo "Errors while running CTest"; echo "  7 - not.a_failure (Failed)"; exit 8'
named='Ring.Wraps (Failed)
failed: one: cli.tap_test.Tap.test a b (Timeout)'

expect_names "" true "echo '  7 - a (Failed)'"
expect_names "failed: one: $named" true "$ctest_output"
expect_names "failed: one: exit 3, see $stages_folder/one.log" true "exit 3"
expect_names "failed: one: exit 124, see $stages_folder/one.log" "sleep 9"
# What a test prints is no report.
expect_names "failed: one: $named" "echo 'failed: nothing'; $ctest_output"
# A run of stages within a stage has named what failed in it.
expect_names "failed: one: two: Ring.Wraps (Failed)
failed: one: three: exit 1, see a.log" "${ctest_output/exit 8/true}
echo 'failed: two: Ring.Wraps (Failed)'; echo 'failed: three: exit 1, see a.log'
echo '4 passed, 3 failed'; exit 1"
