#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// What the control connections of one uid may have outstanding at a time.
struct TrafficLimits {
  std::uint64_t unanswered_per_connection = 1024;
  std::uint64_t unanswered_per_uid = 4096;
  /// A connection that has left so much of its replies unread is asked nothing more until it has read.
  Bytes unread_per_connection = kib(256);
  /// Once all connections of a uid together have left so much, only those that have read everything are served.
  Bytes unread_per_uid = mib(16);
  /// Requests of more than `small_request` that are being read, of all connections of a uid: the next one waits. One
  /// alone is read in any case.
  Bytes small_request = kib(64);
  Bytes large_requests_per_uid = mib(16);
};

/// Requests that are not whole, or not answered, and replies that are not read, per uid. A request counts until its
/// answer is given or can no longer be: also one whose connection has ended, as long as something is held for it.
/// Giving back what was not taken is a bug and ends the process. Pure.
class TrafficBook {
 public:
  explicit TrafficBook(const TrafficLimits& limits) : limits_(limits) {}

  /// One more request, of a connection with so many unanswered ones. A sentence: refused, nothing is counted.
  [[nodiscard]] std::optional<std::string> take_request(Uid uid, std::uint64_t of_connection);
  void end_request(Uid uid);

  void add_unread(Uid uid, Bytes bytes);
  void remove_unread(Uid uid, Bytes bytes);
  /// Whether a connection that has left `unread` of its replies may be given another one.
  [[nodiscard]] bool has_room(Uid uid, Bytes unread) const;

  /// A large request has begun to come. False: not now; ask again when one of the uid's has ended.
  [[nodiscard]] bool begin_large(Uid uid, Bytes size);
  void end_large(Uid uid, Bytes size);

  [[nodiscard]] std::uint64_t unanswered(Uid uid) const;
  [[nodiscard]] Bytes unread(Uid uid) const;
  /// Of all uids: unread replies, and large requests that are being read.
  [[nodiscard]] Bytes held() const noexcept { return held_; }
  [[nodiscard]] const TrafficLimits& limits() const noexcept { return limits_; }

 private:
  struct Account {
    std::uint64_t unanswered = 0;
    Bytes unread{};
    Bytes large{};

    friend bool operator==(const Account&, const Account&) = default;
  };
  void drop_if_empty(Uid uid);

  TrafficLimits limits_;
  std::map<Uid, Account> accounts_;
  Bytes held_{};
};

}  // namespace ringmaster::core
