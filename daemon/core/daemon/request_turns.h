#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// What one turn of a connection may use: a few requests or about a millisecond, but always one step.
class TurnBudget {
 public:
  static constexpr unsigned kRequests = 8;
  static constexpr Duration kTime = std::chrono::milliseconds{1};

  explicit TurnBudget(TimePoint start) : until_(start + kTime) {}
  /// True: one more step (a read, a request) may be taken.
  [[nodiscard]] bool step(TimePoint now) {
    return !std::exchange(begun_, true) || (requests_ < kRequests && now < until_);
  }
  void request_taken() { ++requests_; }

 private:
  TimePoint until_;
  unsigned requests_ = 0;
  bool begun_ = false;
};

/// Decides which connection with pending requests is next: uid by uid, and within a uid connection by connection, so
/// that a uid with many connections gets no more turns than others. Pure.
class RequestTurns {
 public:
  struct Turn {
    Uid uid;
    std::uint64_t connection;

    friend bool operator==(const Turn&, const Turn&) = default;
  };

  /// The connection has something to do: adds it to the line, once.
  void want(Uid uid, std::uint64_t connection);
  void forget(Uid uid, std::uint64_t connection);
  /// Removes and returns the next connection. nullopt: the line is empty.
  [[nodiscard]] std::optional<Turn> next();
  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }

 private:
  std::deque<Uid> line_;  ///< each uid that has a connection in line, once
  std::map<Uid, std::deque<std::uint64_t>> of_uid_;
  std::set<std::uint64_t> in_line_;
};

}  // namespace ringmaster::core
