#!/bin/sh
# Whether programs can be told to misbehave (base/plant.h).
#
#   plants_test.sh present|absent PROGRAM ...
set -eu
wanted=$1
shift
status=0
for program in "$@"; do
  found=absent
  ! grep -q PLANTED_FAULT "$program" || found=present
  echo "$program: $found"
  [ "$found" = "$wanted" ] || status=1
done
[ $status -eq 0 ] || echo "planted faults must be $wanted in these programs: RINGMASTER_PLANTS is for the sanitizer preset" >&2
exit $status
