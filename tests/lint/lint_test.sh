#!/bin/sh
# A check that cannot fail is a defect: plants one breach of each rule and expects the lint to name it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/ringmaster-lint.XXXXXX")
trap 'rm -rf "$tree"' EXIT
failed=0

# plant FILE EXPECTED-TEXT LINES...: a tree that is clean but for this file.
plant() {
  file=$1 expected=$2
  shift 2
  rm -rf "$tree/src"
  mkdir -p "$tree/src/base" "$tree/src/proto" "$tree/src/tests" "$tree/src/$(dirname "$file")"
  printf '#pragma once\n#include <boost/system/result.hpp>\n' >"$tree/src/base/result.h"
  printf '#pragma once\n#include <google/protobuf/message.h>\n' >"$tree/src/proto/frame.h"
  printf '%s\n' "$@" >"$tree/src/$file"
  if output=$("$here/lint.sh" "$tree/src" 2>&1); then
    found=passed
  else
    found=refused
  fi
  if [ -z "$expected" ]; then
    [ $found = passed ] || { echo "FAIL $file should pass, but: $output"; failed=1; }
  elif [ $found = passed ]; then
    echo "FAIL $file: not found: $expected"; failed=1
  else
    case $output in
      *"$file:"*"$expected"*) ;;
      *) echo "FAIL $file: expected \"$expected\", got: $output"; failed=1 ;;
    esac
  fi
}

plant ARCHITECTURE.md 'there is no shm/ring.h' 'See `shm/ring.h`.'
plant ARCHITECTURE.md 'there is no shm/wheel/' 'See `shm/wheel/`.'
plant ARCHITECTURE.md '' 'See `base/result.h`, `base/result`, `proto/` and `frame.h`.'
plant CHANGELOG.md '' '## 0.1.0' 'A tree without CMakeLists.txt'
plant_version() {
  mkdir -p "$tree/src/bindings/node"
  printf 'project(ringmaster VERSION 0.3.0 LANGUAGES CXX)\n' >"$tree/src/CMakeLists.txt"
  printf '{ "version": "%s" }\n' "$1" >"$tree/src/bindings/node/package.json"
  printf '## %s\n## 0.1.0\n' "$2" >"$tree/src/CHANGELOG.md"
  "$here/lint.sh" "$tree/src" 2>&1
}
output=$(plant_version 0.3.0 0.3.0) || { echo "FAIL versions that agree should pass, but: $output"; failed=1; }
for versions in '0.2.0 0.3.0 bindings/node/package.json:' '0.3.0 0.2.0 CHANGELOG.md:'; do
  set -- $versions
  output=$(plant_version "$1" "$2") && { echo "FAIL version $versions passed"; failed=1; }
  case $output in *"$3 version 0.2.0, CMakeLists.txt says 0.3.0"*) ;; *) echo "FAIL versions: got: $output"; failed=1 ;; esac
done
plant SECURITY.md 'no file ring_test.cc below tests' 'Held by `ring_test.cc`.'
plant SECURITY.md 'no file ring_test below tests' 'Held by `ring_test`.'
plant SECURITY.md 'no test ARingThatIsFullIsRefused' 'Held by (ARingThatIsFullIsRefused).'
plant shm/ring.h '' '#pragma once' '#include <atomic>' '#include "base/result.h"'
plant shm/ring.h 'must not include "proto/frame.h"' '#pragma once' '#include "proto/frame.h"'
plant proto/inside/frame.h 'has no row' '#pragma once'
plant worker/loop.cc 'must not include "client/client.h"' '#include "client/client.h"'
plant client/session.cc 'must not include "worker/worker.h"' '#include "worker/worker.h"'
plant worker/loop.cc 'carries no protobuf' '#include "proto/control.pb.h"'
plant client/session/core.cc 'has its own messages' '#include "proto/control.pb.h"'
plant daemon/jobs/job.h 'protobuf stays in daemon/control' '#pragma once' '#include "proto/control.pb.h"'
plant daemon/control/message/outcome_message.cc '' '#include "proto/control_convert.h"'
plant proto/frame.cc 'must not include "daemon/pool/pool.h"' '#include "proto/frame.h"' '#include "daemon/pool/pool.h"'
plant daemon/core/pool/policy.h 'must not include "daemon/os/pidfd.h"' '#pragma once' '#include "daemon/os/pidfd.h"'
plant daemon/core/pool/policy.h 'is pure' '#pragma once' '#include <unistd.h>'
plant daemon/core/pool/policy.h 'is pure' '#pragma once' '#include <sys/epoll.h>'
plant daemon/core/pool/policy.h 'is pure' '#pragma once' '#include <thread>'
plant daemon/core/pool/policy.h '' '#pragma once' '#include <threadsafe.h>' '#include <chrono>' '#include "base/check.h"'
plant daemon/keeper/main.cc 'must not include <boost/asio.hpp>' '#include <boost/asio.hpp>'
plant daemon/keeper/main.cc 'must not include "shm/slot_word.h"' '#include "shm/slot_word.h"'
plant daemon/os/pidfd.cc 'must not include <spdlog/spdlog.h>' '#include <spdlog/spdlog.h>'
plant client/wait.cc 'must not include <boost/asio/io_context.hpp>' '#include <boost/asio/io_context.hpp>'
plant shm/map.cc 'only maps come from' '#include <boost/interprocess/sync/interprocess_mutex.hpp>'
plant shm/map.cc '' '#include <boost/interprocess/mapped_region.hpp>'
plant client/client.h 'pulls in "google/protobuf/message.h"' '#pragma once' '#include "proto/frame.h"'
plant worker/worker.h 'pulls in "google/protobuf/message.h"' '#pragma once' '#include "proto/frame.h"'
plant worker/worker.h '' '#pragma once' '#include <span>'
plant base/unique_fd.h 'pulls in "spdlog/fmt.h"' '#pragma once' '#include <spdlog/fmt.h>'
plant proto/frame.cc 'comes first' '#include <vector>' '#include "proto/frame.h"'
plant proto/frame.cc 'rooted at the repository' '#include "proto/frame.h"' '#include "../base/result.h"'
plant tests/life_test.cc 'finds the dead too' 'const bool there = ::kill(worker.pid, 0) == 0;'
plant shm/ring.h 'no #pragma once' '#include <atomic>'
plant shm/ring.h 'using namespace in a header' '#pragma once' 'using namespace std;'
plant tests/unit/shm/ring_test.cc 'unfinished work' '// TO''DO: more'
plant shm/ring.cc '401 lines' $(seq 401)
plant shm/ring.cc '' $(seq 400)
plant shm/ring.h 'a header of 151 lines' '#pragma once' $(seq 150)
plant shm/ring.h '' '#pragma once' $(seq 149)

plant tests/unit/proto/frame_test.cc '' '#include "proto/frame.h"'
plant tests/unit/wire/frame_test.cc 'there is no wire/' '#include "proto/frame.h"'

# Of many files, and of the table itself.
expect() {
  case $2 in *"$1"*) ;; *) echo "FAIL expected \"$1\", got: $2"; failed=1 ;; esac
}
rm -rf "$tree/src" && mkdir -p "$tree/src/proto"
for number in 1 2; do printf 'void Frame::part%s() {}\n' "$number" >"$tree/src/proto/frame$number.cc"; done
expect 'no breach' "$("$here/lint.sh" "$tree/src" 2>&1)"
printf 'Result<int> Frame::part3() {}\n' >"$tree/src/proto/frame3.cc"
expect 'class Frame is defined in more than 2 files' "$("$here/lint.sh" "$tree/src" 2>&1 || true)"
rm -rf "$tree/src" && mkdir -p "$tree/src/proto"
for number in $(seq 30); do printf '\n' >"$tree/src/proto/part$number.cc"; done
expect 'no breach' "$("$here/lint.sh" "$tree/src" 2>&1)"
printf '\n' >"$tree/src/proto/part31.cc"
expect 'proto/:1: 31 files' "$("$here/lint.sh" "$tree/src" 2>&1 || true)"
mkdir "$tree/lint"
cp "$here/lint.sh" "$tree/lint"
sed 's|allow\["base/"\] = ""|allow["base/"] = "proto/"|' "$here/lint.awk" >"$tree/lint/lint.awk"
expect 'a circle of folders' "$("$tree/lint/lint.sh" "$tree/src" 2>&1 || true)"

if [ $failed -eq 0 ]; then
  echo "lint_test: every planted breach was found, and nothing else"
fi
exit $failed
