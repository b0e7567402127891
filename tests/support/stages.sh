# Runs a list of stages, keeps count, and reports. To be sourced by bash.
#
#   stage NAME LIMIT_SECONDS COMMAND...   runs it, whatever happened to those before
#   finish                                prints what took how long, each failed test by name and,
#                                         alone on the last line, "N passed, N failed"; ends with 0
#                                         only if none failed
#
# A stage counts as its tests when it runs ctest or ends with a line "N passed, N failed", else as
# one. A stage that fails without a failed test counts as one failed.

stages_folder=${stages_folder:-build/stages}
mkdir -p "$stages_folder"
stages_passed=0
stages_failed=0
stages_report=()
stages_failures=()

# count_results LOG: prints "PASSED FAILED", or nothing when the log holds no tests.
count_results() {
  awk '
    /^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+/ {
      for (i = 1; i <= NF; ++i) { if ($i == "passed,") failed = $(i + 1); if ($i == "of") all = $(i + 1) }
      ctest_failed += failed; ctest_passed += all - failed; seen = 1
    }
    { last = $0 }
    END {
      if (last ~ /^[0-9]+ passed, [0-9]+ failed$/) { split(last, word, " "); print word[1], word[3] }
      else if (seen) print ctest_passed, ctest_failed
    }' "$1"
}

# failure_names LOG: a line for each test that failed: what a run of stages within ends with, or ctest.
failure_names() {
  awk '
    /^[0-9]+ passed, [0-9]+ failed$/ { is_run_of_stages = 1; next }
    { is_run_of_stages = 0 }
    sub(/^failed: /, "") { told[++tellings] = $0; next }
    { tellings = 0 }
    /^The following tests FAILED:/ { listing = 1; next }
    listing && match($0, /^[ \t]+[0-9]+ - /) { name[++names] = substr($0, RLENGTH + 1); next }
    { listing = 0 }
    END {
      if (is_run_of_stages && tellings) names = tellings
      for (i = 1; i <= names; ++i) print (is_run_of_stages && tellings) ? told[i] : name[i]
    }' "$1"
}

stage() {
  local name=$1 limit=$2 begin=$SECONDS code=0 log passed failed counts names failure
  shift 2
  log=$stages_folder/$name.log
  printf '\n== %s\n' "$name"
  set -o pipefail
  timeout --kill-after=20 "$limit" "$@" </dev/null 2>&1 | tee "$log" || code=$?
  counts=$(count_results "$log")
  read -r passed failed <<<"${counts:-0 0}"
  if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
    [ "$code" -eq 124 ] && echo "-- $name: stopped, it took longer than $limit s"
  elif [ -z "$counts" ]; then
    passed=1
  fi
  if [ "$failed" -gt 0 ]; then
    names=$(failure_names "$log")
    while read -r failure; do
      stages_failures+=("failed: $name: $failure")
    done <<<"${names:-exit $code, see $log}"
  fi
  stages_passed=$((stages_passed + passed))
  stages_failed=$((stages_failed + failed))
  stages_report+=("$(printf '%-12s %5d s  %5d passed %3d failed  exit %d' \
    "$name" $((SECONDS - begin)) "$passed" "$failed" "$code")")
  printf -- '-- %s\n' "${stages_report[-1]}"
}

finish() {
  printf '\n'
  printf '%s\n' "${stages_report[@]}" "${stages_failures[@]}"
  echo "$stages_passed passed, $stages_failed failed"
  [ "$stages_failed" -eq 0 ] && [ "$stages_passed" -gt 0 ]
  exit
}
