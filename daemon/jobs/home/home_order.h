#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ringmaster::daemon {

/// Which sessions of this supervisor to try for a job of a pool and uid, in which order, and whether another one may be
/// opened. Pure: sessions are named by their serials.
class HomeOrder {
 public:
  static constexpr std::size_t kMostOfOne = 4;    ///< for one uid in a pool
  static constexpr std::size_t kMostInAll = 256;  ///< each has a thread that watches it, and clients need sessions too

  void add(std::uint32_t pool, std::uint32_t uid, std::uint32_t serial) { takers_[{pool, uid}].push_back(serial); }
  /// The session takes no more jobs.
  void remove(std::uint32_t serial);
  /// The session that took the latest job comes first, so that jobs use one session until its ring is blocked.
  [[nodiscard]] std::vector<std::uint32_t> to_try(std::uint32_t pool, std::uint32_t uid) const;
  /// The session took a job.
  void took(std::uint32_t pool, std::uint32_t uid, std::uint32_t serial);
  /// True if another session may be opened. `usable`: how many of those to try are not about to end.
  [[nodiscard]] bool may_add(std::size_t usable) const { return usable < kMostOfOne && size() < kMostInAll; }
  [[nodiscard]] std::size_t size() const;

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>>
      takers_;  ///< the one that took the latest job is last
};

}  // namespace ringmaster::daemon
