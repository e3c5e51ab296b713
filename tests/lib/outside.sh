# shellcheck shell=bash
# The suites that test the product from outside, and their count. Sourced by ./test.

readonly REPORTS=$PWD/target/test-reports
outside_ran="" outside_passed=0 outside_failed=0

pages() {
  prepare_npm tests/pages && GRANTRY_TEST_CHROMIUM=$(find_chromium) node_tests tests/pages
}

npm_client() {
  prepare_npm tests/clients && prepare_npm tests/pages &&
    GRANTRY_TEST_CHROMIUM=$(find_chromium) node_tests tests/clients
}

pypi_client() {
  local report=$REPORTS/pypi.xml status=0
  prepare_python || return
  mkdir -p "$REPORTS"
  "$VENV/bin/python" -m pytest tests/clients -p no:cacheprovider --junitxml="$report" || status=$?
  count "$(attribute tests "$report")" $(($(attribute failures "$report") + $(attribute errors "$report")))
  return $status
}

go_client() {
  local report=$REPORTS/go.txt status=0
  prepare_npm tests/clients && prepare_go || return
  mkdir -p "$REPORTS"
  node tests/clients/beside-demo.mjs go -C tests/clients/go test -count=1 -v . |
    tee "$report" | grep -v '^=== ' || status=$?
  count "$(grep -c '^--- ' "$report")" "$(grep -c '^--- FAIL' "$report")"
  return $status
}

maven_client() {
  local java=$PWD/target/java status=0
  prepare_npm tests/clients && prepare_maven tests/clients/java "$java/lib" || return
  javac -proc:none -cp "$java/lib/*" -d "$java/classes" tests/clients/java/*.java || return
  node tests/clients/beside-demo.mjs java -XX:TieredStopAtLevel=1 -cp "$java/lib/*:$java/classes" \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree \
    --include-engine=junit-jupiter --scan-classpath="$java/classes" --reports-dir="$REPORTS" || status=$?
  local report=$REPORTS/TEST-junit-jupiter.xml
  count "$(attribute tests "$report")" $(($(attribute failures "$report") + $(attribute errors "$report")))
  return $status
}

# node_tests DIRECTORY: every *.test.mjs in it, by Node's own runner.
node_tests() {
  local report=$REPORTS/${1##*/}.tap status=0
  mkdir -p "$REPORTS"
  node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$report" "$1"/*.test.mjs || status=$?
  count "$(total tests "$report")" $(($(total tests "$report") - $(total pass "$report")))
  return $status
}

# count TESTS FAILED
count() {
  outside_ran=yes
  outside_passed=$((outside_passed + $1 - $2))
  outside_failed=$((outside_failed + $2))
}

# The last line of ./test, wherever it ended.
report_outside() {
  [[ -z "$outside_ran" ]] || printf '\n%d passed, %d failed\n' "$outside_passed" "$outside_failed"
}

# From the TAP report's last lines: `# pass 12`.
total() { sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$2" | tail -n 1; }

# From the JUnit report's first element: `tests="12"`.
attribute() { sed -n "s/.*<testsuite [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1; }
