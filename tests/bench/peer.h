#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace ringmaster::bench {

/// Another job runner in a process of its own, measured between our blocks: a line asks for one measurement, a line of
/// JSON answers (tests/bench/peers). Ends with this object.
class Peer {
 public:
  /// nullopt where the peer does not start or does not say that it is ready: it is then left out of the run.
  [[nodiscard]] static std::optional<Peer> start(const std::vector<std::string>& command);

  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&&) = delete;
  ~Peer();

  /// The numbers of the answer by name; empty if the peer is gone.
  [[nodiscard]] std::map<std::string, double> measure(const std::string& request);

 private:
  Peer(pid_t pid, UniqueFd in, UniqueFd out) : pid_(pid), in_(std::move(in)), out_(std::move(out)) {}
  [[nodiscard]] std::map<std::string, double> read_answer();

  pid_t pid_;
  UniqueFd in_;
  UniqueFd out_;
};

}  // namespace ringmaster::bench
