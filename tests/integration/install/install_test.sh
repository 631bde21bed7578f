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
fail() { echo "FAIL: $*" >&2; [ ! -s "$here/log" ] || tail -n 30 "$here/log" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" >"$here/install.log" || fail "cmake --install; see $here/install.log"
for file in bin/ringmaster bin/ringmasterd lib/systemd/system/ringmaster.service lib/sysusers.d/ringmaster.conf \
  share/doc/ringmaster/MANUAL.md share/doc/ringmaster/WORKER.md share/ringmaster/ringmaster.schema.json; do
  [ -e "$prefix/$file" ] || fail "$file was not installed"
done
grep -q "^ExecStart=$prefix/bin/ringmasterd" "$prefix/lib/systemd/system/ringmaster.service" ||
  fail "the unit does not start the installed daemon: $(grep ExecStart "$prefix/lib/systemd/system/ringmaster.service")"
worker=$(find "$prefix" -name ringmaster-worker -type f -perm -u+x)
[ -n "$worker" ] || fail "ringmaster-worker was not installed"

# code_block N: the N-th C++ block of the README.
code_block() { awk -v wanted="$1" '/^```cpp$/ { n++; on = n == wanted; next } /^```/ { on = 0 } on' "$source/README.md"; }
code_block 1 >"$here/client.cc"
code_block 2 >"$here/words.cc"
[ "$(wc -l <"$here/client.cc")" -lt 40 ] || fail "the README promises a client of under 40 lines"
[ "$(wc -l <"$here/words.cc")" -le 20 ] || fail "the README promises a handler of 20 lines"

# The handler, by the README's command and the installed headers alone.
cd "$here"
${CXX:-g++} -std=c++20 -Wall -Wextra -Werror -shared -fPIC $sanitizer -I "$prefix/include" words.cc -o words.so ||
  fail "the README's handler does not compile against the installed headers"
"$worker" --handlers "$here/words.so" --list >list || fail "ringmaster-worker --list: exit status $?"
grep -q words list && grep -q least list || fail "--list does not show the handler: $(cat list)"

# The client, through the installed package.
mkdir project
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(reader LANGUAGES CXX)
find_package(ringmaster 0.1 REQUIRED)
add_executable(reader ../client.cc)
target_link_libraries(reader PRIVATE ringmaster::client)
END
cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS="$sanitizer" \
  -DCMAKE_EXE_LINKER_FLAGS="$sanitizer" -DCMAKE_CXX_COMPILER="${CXX:-g++}" >configure.log 2>&1 ||
  fail "find_package(ringmaster): $(tail -n 20 configure.log)"
cmake --build project/build >build.log 2>&1 || fail "the README's client does not build: $(tail -n 30 build.log)"

# An installed daemon with the README's pool beside the default one.
run=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-install.XXXXXX")
export RINGMASTER_SOCKET=$run/ringmaster.sock
cat >config.toml <<END
[pool.default]
handlers = ["sha256"]
workers = 1

[pool.texts]
handlers = ["$here/words.so"]
workers = 1
run_deadline = "20s"
END
"$prefix/bin/ringmasterd" --check "$here/config.toml" || fail "--check refuses the configuration"
"$prefix/bin/ringmasterd" --config "$here/config.toml" --socket "$RINGMASTER_SOCKET" >log 2>&1 </dev/null &
daemon=$!
trap 'kill -TERM $daemon 2>/dev/null || true; wait $daemon 2>/dev/null || true; rm -rf "$run"' EXIT
for _ in $(seq 600); do
  ! "$prefix/bin/ringmaster" health >/dev/null 2>&1 || break
  kill -0 $daemon 2>/dev/null || fail "the installed daemon ended at start"
  sleep 0.1
done
"$prefix/bin/ringmaster" health || fail "the installed daemon is not healthy"

expected=$(printf 'hello from another process' | sha256sum | cut -d' ' -f1)
got=$(project/build/reader) || fail "the README's client: exit status $?"
[ "$got" = "$expected" ] || fail "the README's client printed \"$got\", not $expected"
words=$(printf 'four words are here' | "$prefix/bin/ringmaster" submit texts/words) || fail "submit: exit status $?"
[ "$words" = 4 ] || fail "the README's handler counted \"$words\", not 4"
if printf 'two words' | "$prefix/bin/ringmaster" submit texts/words --arg least=3 2>refusal; then
  fail "InvalidJob did not become a refusal"
fi
grep -q 'too few words' refusal || fail "the refusal does not carry the handler's message: $(cat refusal)"

"$prefix/bin/ringmaster" stop || fail "stop: exit status $?"
for _ in $(seq 300); do kill -0 $daemon 2>/dev/null || break; sleep 0.1; done
wait $daemon || fail "the daemon ended with status $?"
[ ! -e "$RINGMASTER_SOCKET" ] || fail "the socket is still there after stop"
echo "install_test: the README's programs work against what was installed"
