#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ringmaster::core {

/// Which outcomes have been given to which connection, until the client is known to have read them: what is only on its
/// way may be lost with the connection, and is asked for again. Pure.
class DeliveryBook {
 public:
  /// The outcome of `job` is on its way to `connection`.
  void give(std::uint64_t connection, std::uint64_t job) { given_[connection].push_back(job); }
  /// The client has read all that was on its way. The jobs whose outcomes that were.
  [[nodiscard]] std::vector<std::uint64_t> read(std::uint64_t connection) {
    const auto at = given_.find(connection);
    if (at == given_.end()) return {};
    std::vector<std::uint64_t> jobs = std::move(at->second);
    given_.erase(at);
    return jobs;
  }
  /// It has ended before that.
  void lose(std::uint64_t connection) { given_.erase(connection); }
  [[nodiscard]] bool empty() const { return given_.empty(); }

 private:
  std::map<std::uint64_t, std::vector<std::uint64_t>> given_;
};

}  // namespace ringmaster::core
