#!/bin/bash
# The README's programs against the installed tree: the handler is built, listed and served; the client submits a job
# with its payload in place. Everything lies in a folder inside the build folder.
#
#   install_test.sh SOURCE BUILD        (environment: CXX, SANITIZER)
set -euo pipefail
source=$1 build=$2
here=$build/tests/integration/install/run
prefix=$here/prefix
sanitizer=${SANITIZER:-}
rm -rf "$here" && mkdir -p "$here"
# Gone, or dead and not waited for, is not running; kill -0 cannot tell.
is_running() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | [ZX]*) return 1 ;; esac }
fail() { echo "FAIL: $*" >&2; [ ! -s "$here/log" ] || tail -n 30 "$here/log" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" >"$here/install.log" || fail "cmake --install; see $here/install.log"
for file in bin/ringmaster bin/ringmasterd lib/systemd/system/ringmaster.service lib/sysusers.d/ringmaster.conf \
  share/doc/ringmaster/MANUAL.md share/doc/ringmaster/WORKER.md share/ringmaster/ringmaster.schema.json; do
  [ -e "$prefix/$file" ] || fail "$file was not installed"
done
grep -q "^ExecStart=$prefix/bin/ringmasterd" "$prefix/lib/systemd/system/ringmaster.service" ||
  fail "the unit does not start the installed daemon: $(grep ExecStart "$prefix/lib/systemd/system/ringmaster.service")"
mkdir "$here/relative"
(cd "$here/relative" && cmake --install "$build" --prefix tree >"$here/relative.log") || fail "a relative prefix; see $here/relative.log"
grep -q "^ExecStart=$here/relative/tree/bin/ringmasterd" "$here/relative/tree/lib/systemd/system/ringmaster.service" ||
  fail "the unit of a relative prefix: $(grep ExecStart "$here/relative/tree/lib/systemd/system/ringmaster.service")"
rm -rf "$here/relative"
worker=$(find "$prefix" -name ringmaster-worker -type f -perm -u+x)
[ -n "$worker" ] || fail "ringmaster-worker was not installed"

# code_block LANGUAGE N [HEADING]: the N-th block of that language in the README, or in one of its sections.
code_block() {
  awk -v fence="\`\`\`$1" -v wanted="$2" -v heading="${3:-}" '
    /^## / { inside = $0 == "## " heading }
    $0 == fence && (heading == "" || inside) { n++; on = n == wanted; next }
    /^```/ { on = 0 }
    on' "$source/README.md"
}
mkdir "$here/client" "$here/shell"
code_block cpp 1 "A job from C++" >"$here/client/client.cc"
code_block cmake 1 "A job from C++" >"$here/client/CMakeLists.txt"
code_block sh 1 "A job from C++" >"$here/client/commands"
code_block sh 1 "A job from the shell" >"$here/shell/commands"
code_block cpp 1 "A handler of your own" >"$here/words.cc"
for file in client/client.cc client/CMakeLists.txt client/commands shell/commands words.cc; do
  [ -s "$here/$file" ] || fail "the README has no block for $file"
done
[ "$(wc -l <"$here/client/client.cc")" -lt 40 ] || fail "the README promises a client of under 40 lines"
[ "$(wc -l <"$here/words.cc")" -le 20 ] || fail "the README promises a handler of 20 lines"

# The handler, by the README's command and the installed headers alone.
cd "$here"
${CXX:-g++} -std=c++20 -Wall -Wextra -Werror -shared -fPIC $sanitizer -I "$prefix/include" words.cc -o words.so ||
  fail "the README's handler does not compile against the installed headers"
"$worker" --handlers "$here/words.so" --list >list || fail "ringmaster-worker --list: exit status $?"
grep -q words list && grep -q least list || fail "--list does not show the handler: $(cat list)"

# The examples in C, as C11 and by pkg-config: the client against the shared library, the worker against static ones.
export PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name ringmaster.pc)")
linker=${CC:-cc}
[ -z "$sanitizer" ] || linker=${CXX:-g++}  # the checks of C++ are not in C's runtime
for example in client worker; do
  [ $example = client ] && package=ringmaster || package=ringmaster-worker
  flags=$(pkg-config --cflags --libs $package) || fail "pkg-config does not find $package"
  ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror $sanitizer $flags \
    -c "$prefix/share/doc/ringmaster/examples/c/$example.c" -o c_$example.o && $linker $sanitizer c_$example.o $flags -o c_$example ||
    fail "the example $example.c does not build by pkg-config"
done
library=$(pkg-config --variable=libdir ringmaster)
[ -e "$library/libringmaster.so.1" ] || fail "no libringmaster.so.1 in $library"
for page in ringmaster-client ringmaster-worker; do
  [ -s "$prefix/share/man/man3/$page.3" ] || fail "the manual page $page was not installed"
done

# A program may link both libraries: no class, function or namespace inside ringmaster is defined by both. Inline
# functions are weak: they are left out, being the same wherever a header brings them.
names_in() {
  find "$prefix" -name "libringmaster_$1*.a" -exec nm -C --defined-only {} + 2>/dev/null |
    sed -n 's/^[0-9a-f]* [A-TX-Z] \(.* for \)\{0,1\}ringmaster::\([A-Za-z_0-9]*\).*/\2/p' | LC_ALL=C sort -u
}
names_in client >client.names && names_in worker >worker.names
grep -qx Client client.names && grep -qx worker_main worker.names || fail "the installed libraries lack what their headers promise"
both=$(LC_ALL=C comm -12 client.names worker.names)
[ -z "$both" ] || fail "defined by the client and by the worker library: "$both

# An installed daemon with the README's pool beside the default one.
run=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-install.XXXXXX")
export RINGMASTER_SOCKET=$run/ringmaster.sock
cat >config.toml <<END
[pool.default]
handlers = ["sha256"]
workers = 1

[pool.upper]
command = ["$here/c_worker"]
workers = 1

[pool.texts]
handlers = ["$here/words.so"]
workers = 1
run_timeout = "20s"
END
"$prefix/bin/ringmasterd" --check "$here/config.toml" || fail "--check refuses the configuration"
"$prefix/bin/ringmasterd" --config "$here/config.toml" --socket "$RINGMASTER_SOCKET" >log 2>&1 </dev/null &
daemon=$!
trap 'kill -TERM $daemon 2>/dev/null || true; wait $daemon 2>/dev/null || true; rm -rf "$run"' EXIT
for _ in $(seq 600); do
  ! "$prefix/bin/ringmaster" health >/dev/null 2>&1 || break
  is_running $daemon || fail "the installed daemon ended at start"
  sleep 0.1
done
"$prefix/bin/ringmaster" health || fail "the installed daemon is not healthy"

# The client, through the installed package and by the README's own lines.
expected=$(printf 'hello from another process' | sha256sum | cut -d' ' -f1)
(cd client && CMAKE_PREFIX_PATH=$prefix CXXFLAGS=$sanitizer LDFLAGS=$sanitizer sh -e commands) >client.log 2>&1 ||
  fail "the README's client does not build and run by its lines: $(tail -n 30 client.log)"
got=$(tail -n 1 client.log)
[ "$got" = "$expected" ] || fail "the README's client printed \"$got\", not $expected"
got=$(printf '%s' 'hello from another process' | LD_LIBRARY_PATH=$library ./c_client default sha256 2>c_client.log) ||
  fail "the client in C: exit status $?: $(cat c_client.log)"
[ "$got" = "0: $expected" ] || fail "the client in C printed \"$got\", not 0: $expected"
got=$(seq 1000 | LD_LIBRARY_PATH=$library ./c_client upper upper | sort -n | uniq | wc -l)
[ "$got" = 1000 ] || fail "the client and the worker in C did $got of 1000 jobs"
words=$(printf 'four words are here' | "$prefix/bin/ringmaster" submit texts/words) || fail "submit: exit status $?"
[ "$words" = 4 ] || fail "the README's handler counted \"$words\", not 4"
if printf 'two words' | "$prefix/bin/ringmaster" submit texts/words --arg least=3 2>refusal; then
  fail "InvalidJob did not become a refusal"
fi
grep -q 'too few words' refusal || fail "the refusal does not carry the handler's message: $(cat refusal)"

"$prefix/bin/ringmaster" stop || fail "stop: exit status $?"
for _ in $(seq 300); do is_running $daemon || break; sleep 0.1; done
wait $daemon || fail "the daemon ended with status $?"
[ ! -e "$RINGMASTER_SOCKET" ] || fail "the socket is still there after stop"

# The shell's lines: a daemon, a job, pictures, stop. Only the places differ.
if [ -n "$(find "$prefix" -name thumbnail.so)" ]; then
  mkdir -p shell/build/quickstart/photos
  # 16 by 16, one colour.
  base64 -d >shell/build/quickstart/photos/one.jpg <<'END'
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb
qmx5moq6T/wAALCAAQABABAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AAP/Z
END
  sed -i '/^export PATH=/d' shell/commands
  (cd shell && PATH=$prefix/bin:$PATH sh -e commands) >shell.log 2>&1 ||
    fail "the README's lines for the shell: $(tail -n 30 shell.log)"
  [ -s shell/small/one.jpg ] || fail "the README's lines for the shell made no thumbnail: $(tail -n 30 shell.log)"
  for _ in $(seq 300); do [ -e "$RINGMASTER_SOCKET" ] || break; sleep 0.1; done
  [ ! -e "$RINGMASTER_SOCKET" ] || fail "the daemon of the README's lines for the shell did not stop"
fi
echo "install_test: the README's programs and lines work against what was installed"
