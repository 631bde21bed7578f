#!/bin/sh
# Checks the sources under ROOT against the rules in lint.awk. Needs no compiler and no configured build.
#
#   tests/lint/lint.sh [ROOT]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
files=$(find shm proto daemon worker client tests -name '*.h' -o -name '*.cc' -o -name '*.c' 2>/dev/null | LC_ALL=C sort)
if [ -z "$files" ]; then
  echo "lint: no source found under $(pwd)" >&2
  exit 2
fi
# The rule "own header first" must know which headers exist before it meets them.
known=$(printf '%s\n' $files | awk '/\.h$/ { printf "  known[\"%s\"] = 1\n", $0 }')
program=$(printf 'BEGIN {\n%s\n}\n' "$known"; cat "$here/lint.awk")
if awk "$program" $files; then
  echo "lint: $(printf '%s\n' $files | wc -l) files, no breach"
else
  echo "lint: the rules stand in tests/lint/lint.awk, the reasons in HACKING.md" >&2
  exit 1
fi
