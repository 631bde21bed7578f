#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// Limits for the control connections of one uid.
struct TrafficLimits {
  std::uint64_t unanswered_per_connection = 1024;
  std::uint64_t unanswered_per_uid = 4096;
  /// While a connection has this much of its replies unread, nothing more is read from it.
  Bytes unread_per_connection = kib(256);
  /// Once all connections of a uid together have this much unread, only those that have read everything are served.
  Bytes unread_per_uid = mib(16);
  /// For requests larger than `small_request`: the total size that a uid may have being read; the next one waits. A
  /// single one is always read.
  Bytes small_request = kib(64);
  Bytes large_requests_per_uid = mib(16);
};

/// Counts per uid: requests that are being read or not answered, and replies that are not read. A request counts until
/// it is answered or dropped; one whose connection has ended counts as long as something is held for it. Giving back
/// what was not taken is a bug and ends the process. Pure.
class TrafficBook {
 public:
  explicit TrafficBook(const TrafficLimits& limits) : limits_(limits) {}

  /// Counts one more request; `of_connection`: how many of its connection are unanswered. If it is refused, nothing is
  /// counted and the result is a sentence.
  [[nodiscard]] std::optional<std::string> take_request(Uid uid, std::uint64_t of_connection);
  void end_request(Uid uid);

  void add_unread(Uid uid, Bytes bytes);
  void remove_unread(Uid uid, Bytes bytes);
  /// True if a connection with `unread` bytes of replies may get another one.
  [[nodiscard]] bool has_room(Uid uid, Bytes unread) const;

  /// A large request has begun. False: it must wait; ask again when another one of the uid has been read.
  [[nodiscard]] bool begin_large(Uid uid, Bytes size);
  void end_large(Uid uid, Bytes size);

  [[nodiscard]] std::uint64_t unanswered(Uid uid) const;
  [[nodiscard]] Bytes unread(Uid uid) const;
  /// Bytes of all uids: unread replies, and large requests that are being read.
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
