#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ringmaster::daemon {

/// Which sessions of this supervisor take the jobs of a pool and uid, in which order, and whether one more may be
/// opened. Pure: sessions are their serials.
class HomeOrder {
 public:
  static constexpr std::size_t kMostOfOne = 4;    ///< of one uid in a pool
  static constexpr std::size_t kMostInAll = 256;  ///< each has a thread that watches it, and clients need sessions too

  void add(std::uint32_t pool, std::uint32_t uid, std::uint32_t serial) { takers_[{pool, uid}].push_back(serial); }
  /// It takes no more jobs.
  void remove(std::uint32_t serial);
  /// The one that took the latest job first: jobs stay together until its ring is blocked.
  [[nodiscard]] std::vector<std::uint32_t> to_try(std::uint32_t pool, std::uint32_t uid) const;
  /// It took a job.
  void took(std::uint32_t pool, std::uint32_t uid, std::uint32_t serial);
  /// `usable`: how many of those to try are not about to end.
  [[nodiscard]] bool may_add(std::size_t usable) const { return usable < kMostOfOne && size() < kMostInAll; }
  [[nodiscard]] std::size_t size() const;

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> takers_;  ///< the latest taker last
};

}  // namespace ringmaster::daemon
