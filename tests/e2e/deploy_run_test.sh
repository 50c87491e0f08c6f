#!/usr/bin/env bash
# The first command of the README as a user runs it: twice to its end, then until Ctrl-C.
# Usage: deploy_run_test.sh BUILD-DIRECTORY
set -euo pipefail
build=$1
project=$(cd "$(dirname "$0")/../.." && pwd)
examples=$(wc -l <"$project/deploy/examples/clues.ndjson")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  cat "$scratch/output"
  echo "FAILED: $*"
  exit 1
}

# From another folder, as one who keeps the ledger there: what is given is meant where it is typed.
build=$(realpath "$build")
cd "$scratch"
run() { "$project/deploy/run" --port 0 --data data --build-dir "$build" "$@"; }

# expect_summary KNOWN: the clues were accepted, so many of them known, and in-scope ones told.
expect_summary() {
  run --once >"$scratch/output" 2>&1 || fail "deploy/run --once ended with status $?"
  grep -qE "^$examples clues accepted, $1 of them known .*; [0-9]+ alerts told, 2 clues without" \
    "$scratch/output" || fail "no summary with $examples clues, $1 known and 2 out of scope"
}

# Nothing is left of a run: no process names the ledger's directory.
expect_free() {
  ! grep -lsF "$scratch/data" /proc/[0-9]*/cmdline >"$scratch/left" ||
    fail "still running: $(cat "$scratch/left")"
}

expect_summary 0
[ -d "$scratch/data/appendonlydir" ] || fail "the ledger is not in $scratch/data"
expect_free
expect_summary "$examples"
expect_free

# As from a terminal: in a process group of its own, which all get the Ctrl-C.
set -m
run >"$scratch/output" 2>&1 &
job=$!
set +m
deadline=$((SECONDS + 180))
until grep -q 'Ctrl-C stops the service' "$scratch/output"; do
  kill -0 "$job" || fail "it ended by itself"
  [ $SECONDS -lt $deadline ] || fail "it did not come to serving"
  sleep 0.1
done
kill -INT -- "-$job"
status=0
wait "$job" || status=$?
[ "$status" -eq 130 ] || fail "Ctrl-C gave status $status"
expect_free
echo "deploy/run: $examples examples, a second run knew them all, Ctrl-C left nothing behind"
