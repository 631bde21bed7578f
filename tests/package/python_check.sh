#!/bin/bash
# The wheel in a fresh folder, without a network and without this source: installed as docs/python.md says, and its
# first program and the thumbnails are made, with no daemon started by hand.
#
#   python_check.sh WHEEL        (Debian's Python, with Pillow; PYTHON=... names another)
set -euo pipefail
wheel=$(realpath "$1")
source=$(cd "$(dirname "$0")/../.." && pwd)
here=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-wheel.XXXXXX")
trap 'rm -rf "$here"' EXIT
cd "$here"
fail() { echo "FAIL: $*" >&2; exit 1; }
unset RINGMASTER_PREFIX RINGMASTER_SOCKET PYTHONPATH
cp "$wheel" .
cp "$source/examples/thumbnails/thumbs.py" .
sed -n '/^# squares.py$/,/^```$/p' "$source/docs/python.md" | sed '$d' >squares.py

"${PYTHON:-/usr/bin/python3}" -m venv --system-site-packages v
v/bin/pip install --no-index ./ringmaster-*.whl >pip.log 2>&1 || fail "pip install: $(cat pip.log)"
told=$(v/bin/python squares.py)
[ "$told" = $'49\n[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]' ] || fail "squares.py prints: $told"
if v/bin/python -c 'import PIL' 2>pip.log; then
  v/bin/python thumbs.py || fail "thumbs.py: exit status $?"
  [ "$(find thumbnails -name '*.jpg' | wc -l)" = "$(find pictures -type f | wc -l)" ] || fail "not every picture has a thumbnail"
  # One of them crashes its decoder: the others are made all the same.
  ! v/bin/python thumbs.py pictures again --poison 50 >poisoned.log 2>&1 || fail "a picture crashes its decoder, and nobody says so"
  grep -q 'WorkerDied.*SIGSEGV' poisoned.log || fail "thumbs.py --poison: $(cat poisoned.log)"
else
  echo "python_check: no Pillow in this Python: thumbs.py is left out"
fi
v/bin/pip uninstall --yes ringmaster >pip.log
echo "python_check: installed offline in $(v/bin/python --version), and an executor ran its calls in processes"
