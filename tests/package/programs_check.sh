#!/bin/bash
# The programs of a package tree need glibc only, of that version or an older one; and they run where there is
# nothing else: a job, a worker's death whose stack nobody can read without libdw, a stop.
#
#   programs_check.sh TREE GLIBC  (namespaces: as root, or where a user may make them)
set -euo pipefail
tree=$(realpath "$1")
newest=$2
fail() { echo "FAIL: $*" >&2; [ ! -s "${here:-}/log" ] || tail -n 20 "$here/log" >&2; exit 1; }

# What is ours: programs, libraries, handlers, parts for Node.js and Python.
mapfile -t files < <(find "$tree" -type f \( -perm -u+x -o -name '*.so*' -o -name '*.node' \) | sort)
[ ${#files[@]} -ge 7 ] || fail "only ${#files[@]} programs and libraries in $tree"
for file in "${files[@]}"; do
  for needed in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $needed in
      libc.so.6 | libm.so.6 | ld-linux-*.so.*) ;;
      libringmaster.so.1) [[ $file = *.node || $file = *.abi3.so ]] || fail "$file needs $needed" ;;
      *) fail "$file needs $needed" ;;
    esac
  done
  ! readelf -S "$file" | grep -q '\.symtab' || fail "$file is not stripped"
done
symbols=$(readelf -VW "${files[@]}" 2>/dev/null | grep -o 'Name: GLIBC_[0-9.]*' | sed 's/.*GLIBC_//' | sort -uV)
highest=$(tail -n 1 <<<"$symbols")
[ "$(printf '%s\n' "$highest" $newest | sort -V | tail -n 1)" = $newest ] || fail "a symbol of glibc $highest: newer than $newest"
echo "programs_check: ${#files[@]} files need glibc only, at least $highest"

# A tree of the programs and glibc's libraries, and no shell: this machine's /proc and an empty /dev/shm are mounted there.
here=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-package.XXXXXX")
bare=$here/bare
mkdir -p "$bare"/{proc,sys,dev/shm,tmp,run,opt}
cp -a "$tree" "$bare/opt/ringmaster"
ldd "$tree/libexec/ringmaster/ringmaster-supervisor" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$bare$(dirname "$library")"
  cp -L "$library" "$bare$library"
done
user=$([ "$(id -u)" -eq 0 ] || echo --user --map-root-user)
inside() {
  exec unshare $user --mount bash -c '
    set -e
    mount --rbind /proc "$1/proc"
    for device in null zero urandom; do touch "$1/dev/$device"; mount --bind /dev/$device "$1/dev/$device"; done
    mount -t tmpfs tmpfs "$1/dev/shm"
    bare=$1; shift
    exec chroot "$bare" "$@"' bash "$bare" "$@"
}
daemon=
leave() {
  status=$?
  if [ -n "$daemon" ]; then kill -TERM "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; fi
  rm -rf "$here"
  exit $status
}
trap leave EXIT

export RINGMASTER_SOCKET=/run/ringmaster.sock
inside /opt/ringmaster/bin/ringmasterd >"$here/log" 2>&1 &
daemon=$!
ringmaster() { (inside /opt/ringmaster/bin/ringmaster "$@"); }
status() { ringmaster status --full --json | tr -s ' \n' ' '; }
ringmaster health --ready --wait 60s >"$here/health" || fail "the daemon is not ready: $(cat "$here/health")"
# An exception is thrown and caught: the unwinder is linked in, and finds its tables by itself.
code=0
ringmaster no-such-command >/dev/null 2>&1 || code=$?
[ $code -eq 2 ] || fail "a wrong command: exit status $code"
[ "$(echo well | ringmaster submit default/echo)" = well ] || fail "echo does not give back what it got"

# A worker dies of a fault: the pool goes on, and the incident says why there is no stack.
worker=$(status | sed -n 's/.*"state": "active", "pid": \([0-9]*\).*/\1/p')
[ -n "$worker" ] || fail "the status names no worker: $(status)"
kill -SEGV "$worker"
for ((tries = 600; tries > 0; tries--)); do
  status >"$here/status"
  ! grep -q '"incidents": \[ {' "$here/status" || break
  sleep 0.1
done
grep -q 'no stack: libdw not found' "$here/status" || fail "the incident: $(grep -o '"incidents": \[[^]]*\]' "$here/status")"
[ "$(echo again | ringmaster submit default/echo)" = again ] || fail "no job after a worker's death"
ringmaster stop >/dev/null
wait "$daemon" || fail "the daemon ended with status $?"
daemon=
echo "programs_check: a job, a death without libdw and a stop in a tree of $(find "$bare" -type f -path '*/lib*' -not -path '*/opt/*' | wc -l) files of glibc"
