#!/bin/sh
# Checks the sources under ROOT against the rules in lint.awk. Needs no compiler and no configured build.
#
#   tests/lint/lint.sh [ROOT]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
files=$(find base shm proto daemon worker client bindings tests -name '*.h' -o -name '*.cc' -o -name '*.c' 2>/dev/null | LC_ALL=C sort)
if [ -z "$files" ]; then
  echo "lint: no source found under $(pwd)" >&2
  exit 2
fi
# The rule "own header first" must know which headers exist before it meets them.
known=$(printf '%s\n' $files | awk '/\.h$/ { printf "  known[\"%s\"] = 1\n", $0 }')
program=$(printf 'BEGIN {\n%s\n}\n' "$known"; cat "$here/lint.awk")
# What SECURITY.md says that holds a rule is there: files of tests, and tests by their names.
missing=0
if [ -f SECURITY.md ]; then
  for name in $(grep -o '`[a-z_/]*_test\(\.cc\)\{0,1\}`' SECURITY.md | tr -d '`' | sort -u); do
    [ -n "$(find tests -name "$name" -name '*.cc')" ] || { echo "SECURITY.md: no file $name below tests"; missing=1; }
  done
  named=$(find tests -name '*_test.cc' -exec sed -n 's/^TEST\(_[FP]\)\{0,1\}([A-Za-z]*, \([A-Za-z0-9]*\)).*/\2/p' {} +)
  for name in $(grep -o '\*\{0,1\}[A-Z][A-Za-z]*' SECURITY.md | tr -d '*' | awk 'length($0) >= 20' | sort -u); do
    printf '%s\n' "$named" | grep -qx "$name" || { echo "SECURITY.md: no test $name"; missing=1; }
  done
fi
# What ARCHITECTURE.md names is there: files, folders, and files without their ending.
if [ -f ARCHITECTURE.md ]; then
  for name in $(grep -o '`[A-Za-z0-9_./]*[/.][A-Za-z0-9_./]*`' ARCHITECTURE.md | tr -d '`' | sort -u); do
    [ -n "$(find . -name build -prune -o \( -path "*/${name%/}" -o -path "*/$name.h" -o -path "*/$name.cc" \) -print -quit)" ] ||
      { echo "ARCHITECTURE.md: there is no $name"; missing=1; }
  done
fi
# The version is CMakeLists.txt's; every other place that has one, and CHANGELOG.md's first, says the same.
if [ -f CMakeLists.txt ]; then
  version=$(sed -n 's/^project(ringmaster VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  versions() {
    sed -n 's/^## \([0-9.]*\).*/CHANGELOG.md \1/p' CHANGELOG.md | head -n 1
    sed -n 's/.*"\(version\|@ringmaster[^"]*\)": "\([0-9.]*\)".*/bindings\/node\/package.json \2/p' bindings/node/package.json
    sed -n "s/^__version__ = '\([0-9.]*\)'.*/bindings\/python\/ringmaster\/__init__.py \1/p" bindings/python/ringmaster/__init__.py
    sed -n 's/.*ringmaster-\([0-9.]*\)-cp.*/docs\/python.md \1/p' docs/python.md
  }
  differing=$(versions 2>/dev/null | awk -v version="$version" '$2 != version { print $1 ": version " $2 ", CMakeLists.txt says " version }')
  [ -z "$differing" ] || { printf '%s\n' "$differing"; missing=1; }
fi
if awk "$program" $files && [ $missing = 0 ]; then
  echo "lint: $(printf '%s\n' $files | wc -l) files, no breach"
else
  echo "lint: the rules stand in tests/lint/lint.awk, the reasons in HACKING.md" >&2
  exit 1
fi
