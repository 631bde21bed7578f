#!/bin/bash
# libringmaster exports the functions that its headers declare, and nothing else; it is found by the number of its
# interface; it needs no protobuf, neither beside it nor within.
#
#   exports_test.sh SOURCE LIBRARY
set -euo pipefail
source=$1 library=$2
fail() { echo "FAIL: $*" >&2; exit 1; }

# Declarations only: without comments, a name before "(" that is no argument's type.
declared=$(cat "$source"/client/{client_abi,outcome_abi,handler_info_abi,pool_abi,request_abi}.h | sed 's:/\*.*\*/::; /\/\*/,/\*\//d' |
  grep -o '\brm_[a-z_]*(' | tr -d '(' | LC_ALL=C sort -u)
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort -u)
[ -n "$declared" ] || fail "no function was found in the headers"
[ "$declared" = "$exported" ] ||
  fail "declared (<) and exported (>) differ:"$'\n'"$(diff <(echo "$declared") <(echo "$exported"))"
abi=$(sed -n 's/^#define RINGMASTER_CLIENT_ABI //p' "$source/client/client_abi.h")
readelf -d "$library" | grep -q "(SONAME).*\[libringmaster.so.$abi\]" || fail "the soname does not say $abi: $(readelf -d "$library" | grep SONAME)"
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
! grep -i protobuf <<<"$needed" || fail "it needs protobuf"
! nm -C "$library" | grep -m 1 'google::protobuf' || fail "it carries protobuf"
echo "exports_test: $(echo "$exported" | wc -l) functions, as declared"
