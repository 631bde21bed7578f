#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ringmaster::core {

/// Which outcomes were sent on which connection, until the client is known to have read them: until then they may be
/// lost with the connection. For a client that always leaves something unread the oldest are forgotten, because it is
/// never known whether they were read. Pure.
class DeliveryBook {
 public:
  static constexpr std::size_t kMostOfOne = 4096;
  using Jobs = std::vector<std::uint64_t>;

  /// The outcome of `job` was sent on `connection`.
  void give(std::uint64_t connection, std::uint64_t job) {
    Jobs& jobs = given_[connection];
    if (jobs.size() >= kMostOfOne) {
      const auto end = jobs.begin() + kMostOfOne / 2;
      std::for_each(jobs.begin(), end, [this](std::uint64_t oldest) { (void)is_last(oldest); });
      jobs.erase(jobs.begin(), end);
    }
    jobs.push_back(job);
    ++on_their_way_[job];
  }
  /// The client has read all that was sent. Returns the jobs of these outcomes.
  [[nodiscard]] Jobs read(std::uint64_t connection) {
    Jobs jobs = take(connection);
    for (const std::uint64_t job : jobs) (void)is_last(job);
    return jobs;
  }
  /// The connection has ended before that. Returns the jobs whose outcomes are on their way to no other connection.
  [[nodiscard]] Jobs lose(std::uint64_t connection) {
    Jobs jobs = take(connection);
    std::erase_if(jobs, [this](std::uint64_t job) { return !is_last(job); });
    return jobs;
  }
  [[nodiscard]] bool empty() const { return given_.empty() && on_their_way_.empty(); }

 private:
  Jobs take(std::uint64_t connection) {
    const auto at = given_.find(connection);
    if (at == given_.end()) return {};
    Jobs jobs = std::move(at->second);
    given_.erase(at);
    return jobs;
  }
  // Removes one delivery of the job. True: it was the last one.
  bool is_last(std::uint64_t job) {
    const auto at = on_their_way_.find(job);
    if (--at->second != 0) return false;
    on_their_way_.erase(at);
    return true;
  }

  std::map<std::uint64_t, Jobs> given_;
  std::map<std::uint64_t, std::size_t> on_their_way_;  ///< by job: to how many connections
};

}  // namespace ringmaster::core
