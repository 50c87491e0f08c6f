#!/usr/bin/env bash
# Installs the client library into an empty prefix and builds a project outside with find_package, as
# a partner's developer would: package_test.sh BUILD-DIRECTORY
set -euo pipefail
build=$1
samples=$(cd "$(dirname "$0")/../../clients/examples/cpp" && pwd)
scratch=$(mktemp -d)
client=
trap '[ -z "$client" ] || kill "$client" 2>/dev/null || true; rm -rf "$scratch"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

cmake --install "$build" --component client --prefix "$scratch/prefix" >"$scratch/install.log"
cp -r "$samples" "$scratch/project"

# The same compiler and flags as the library's own, sanitizers included.
setting() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
sanitize=$(setting SUPERVISION_SANITIZE)
cmake -S "$scratch/project" -B "$scratch/build" -G Ninja \
  -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_CXX_COMPILER="$(setting CMAKE_CXX_COMPILER)" \
  -DCMAKE_CXX_FLAGS="-O0 -Wall -Wextra -Werror ${sanitize:+-fsanitize=$sanitize}" >"$scratch/configure.log" ||
  { cat "$scratch/configure.log"; exit 1; }
# The one that reaches most of the library; the others are built with the project itself.
cmake --build "$scratch/build" --target sample_submit_spooled

# It finds no header but the installed ones, and it works: stored, though nobody listens.
if grep -rq "$(cd "$build/.." && pwd)/services" "$scratch/build/build.ninja"; then
  fail "the outside project sees the source tree"
fi
SUPERVISION_SERVER=127.0.0.1:1 "$scratch/build/sample_submit_spooled" "$scratch/spool" 330424 \
  <<<"夜间强制拆除" &
client=$!
deadline=$((SECONDS + 180))
until grep -aqs '夜间强制拆除' "$scratch/spool" "$scratch/spool-wal"; do
  kill -0 "$client" || fail "it ended by itself"
  [ $SECONDS -lt $deadline ] || fail "the clue is not in the spool"
  sleep 0.1
done
kill "$client"
status=0
wait "$client" || status=$?
client=
[ "$status" -eq 143 ] || fail "expected to be still waiting, ended with $status"
test -f "$scratch/prefix/share/supervision/protos/supervision/v1/clue_service.proto"
echo "package ok"
