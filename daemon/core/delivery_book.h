#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ringmaster::core {

/// Which outcomes have been given to which connection, until the client is known to have read them: what is only on its
/// way may be lost with the connection, and is asked for again. Of a client that always leaves something unread the
/// oldest are forgotten: nothing tells that they were read. Pure.
class DeliveryBook {
 public:
  static constexpr std::size_t kMostOfOne = 4096;

  /// The outcome of `job` is on its way to `connection`.
  void give(std::uint64_t connection, std::uint64_t job) {
    auto& jobs = given_[connection];
    if (jobs.size() >= kMostOfOne) jobs.erase(jobs.begin(), jobs.begin() + kMostOfOne / 2);
    jobs.push_back(job);
  }
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
