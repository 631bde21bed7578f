#pragma once

#include <node_api.h>

#include <span>
#include <vector>

namespace ringmaster::node {

/// ArrayBuffers over memory that is a job's: they are detached when the job ends, so that no script can reach memory
/// that has become another job's. Main thread.
class LentMemory {
 public:
  explicit LentMemory(napi_env env) : env_(env) {}

  /// An ArrayBuffer over `bytes`; where this Node.js allows none over memory of others, one with a copy.
  [[nodiscard]] napi_value lend(std::span<std::byte> bytes);
  /// False: a script still reaches some of it, since it has moved it into another ArrayBuffer (transfer(), since
  /// Node.js 21). No other job may run in this process.
  [[nodiscard]] bool take_back();

 private:
  napi_env env_;
  std::vector<napi_ref> lent_;
};

}  // namespace ringmaster::node
