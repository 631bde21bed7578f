#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// What one uid may hold at a time. The names are the configuration's keys in [limits].
struct QuotaLimits {
  std::uint64_t connections = 256;  ///< of all uids together (`max_connections`)
  std::uint64_t connections_per_uid = 64;
  std::uint64_t sessions_per_uid = 64;
  std::uint64_t slots_per_uid = 16384;
  Bytes bytes_per_uid = gib(4);
  std::uint64_t socket_jobs_per_uid = 256;  ///< submitted as a message, not yet fetched
  std::uint64_t crashes_per_minute = 6000;  ///< of workers, by jobs of one uid
  /// That one uid may create; unset ("auto"): as many as default_pools_per_uid() says of the daemon.
  std::optional<std::uint64_t> pools_per_uid;
  std::uint64_t workers_per_uid = 256;  ///< seats of the pools that it created, spares included

  friend bool operator==(const QuotaLimits&, const QuotaLimits&) = default;
};

enum class QuotaKind : std::uint8_t {
  Connections,
  ConnectionsForFew,
  ConnectionsPerUid,
  SessionsPerUid,
  SlotsPerUid,
  BytesPerUid,
  SocketJobsPerUid,
  CrashesPerMinute,
  PoolsPerUid,
  WorkersPerUid,
  PoolBytes,  ///< bytes_per_uid, by what a pool takes
};

/// Who can reach a private daemon could start the same workers without it. `root`: the daemon is, so it may be a
/// system's; `owned`: it is for one process (--owner-fd); `only_owner`: nobody but its own user gets at its socket.
[[nodiscard]] constexpr std::uint64_t default_pools_per_uid(bool root, bool owned, bool only_owner) {
  return only_owner && (owned || !root) ? 16 : 0;
}

/// The last eighth of the connections is for uids that have fewer than this: a few uids with many cannot take them all.
inline constexpr std::uint64_t kFewConnections = 4;

/// Extra connections beyond the limits, for administrators that ask for the status or stop the daemon.
inline constexpr std::uint64_t kKeptConnections = 4;

/// Sessions reserved for administrators and for jobs that come as messages.
inline constexpr std::uint64_t kKeptSessions = 64;
/// True if one more session fits beside `open` of at most `most`; `kept`: the reserved ones may be used.
[[nodiscard]] constexpr bool session_fits(std::uint64_t open, std::uint64_t most, bool kept) noexcept {
  return open < (kept ? most : most - kKeptSessions);
}

/// A refusal that says limit, use and what to do.
struct QuotaRefusal {
  QuotaKind kind;
  Uid uid;
  std::uint64_t limit;
  std::uint64_t used;
  std::uint64_t asked;

  friend bool operator==(const QuotaRefusal&, const QuotaRefusal&) = default;
};
[[nodiscard]] std::string to_string(const QuotaRefusal& refusal);

struct QuotaUse {
  std::uint64_t connections = 0;
  std::uint64_t sessions = 0;
  std::uint64_t slots = 0;
  Bytes bytes{};
  std::uint64_t socket_jobs = 0;
  std::uint64_t pools = 0;
  std::uint64_t workers = 0;

  friend bool operator==(const QuotaUse&, const QuotaUse&) = default;
};

/// Counts what every uid holds. `open_*` and `take_*` either charge and return nullopt, or refuse and charge nothing.
/// Releasing what was not charged is a bug and ends the process.
class QuotaBook {
 public:
  explicit QuotaBook(const QuotaLimits& limits) : limits_(limits) {}

  using Refused = std::optional<QuotaRefusal>;

  /// Sets what is called for every refusal.
  void when_refused(std::function<void(const QuotaRefusal&)> told) { told_ = std::move(told); }

  [[nodiscard]] Refused open_connection(Uid uid);
  void close_connection(Uid uid);
  /// Takes one of the extra connections for administrators. False: all are in use.
  [[nodiscard]] bool open_kept_connection();
  void close_kept_connection();

  /// A session: one of the uid's sessions, its slots and its bytes, all or nothing.
  [[nodiscard]] Refused open_session(TimePoint now, Uid uid, std::uint64_t slots, Bytes bytes);
  /// One that was accepted before, whatever the limits and the use are by now; as charge_pool.
  void charge_session(Uid uid, std::uint64_t slots, Bytes bytes);
  /// The session has ended. Its bytes stay charged: they are released when the last worker has unmapped them.
  void close_session(Uid uid, std::uint64_t slots);
  void release_bytes(Uid uid, Bytes bytes);
  /// Charges bytes outside of sessions, for a job that came as a message.
  [[nodiscard]] Refused take_bytes(Uid uid, Bytes bytes);

  [[nodiscard]] Refused take_socket_job(TimePoint now, Uid uid);
  void release_socket_job(Uid uid);
  /// Charges a job that was accepted earlier, with its bytes, even above the limits.
  void charge_accepted(Uid uid, Bytes bytes);

  /// A pool of the uid's own: one of its pools, its seats and the daemon's bytes for it, all or nothing.
  [[nodiscard]] Refused open_pool(Uid uid, std::uint64_t seats, Bytes bytes);
  void charge_pool(Uid uid, std::uint64_t seats, Bytes bytes);
  void close_pool(Uid uid, std::uint64_t seats, Bytes bytes);

  /// A worker died over a job of this uid. Above the limit the uid's new sessions and socket jobs are refused until the
  /// minute has passed.
  void count_crash(TimePoint now, Uid uid);
  [[nodiscard]] std::uint64_t crashes_in_last_minute(TimePoint now, Uid uid) const;

  [[nodiscard]] QuotaUse use(Uid uid) const;
  /// The uid with the most socket jobs, and how many; nullopt: nobody has one.
  [[nodiscard]] std::optional<std::pair<Uid, std::uint64_t>> most_socket_jobs() const;
  [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }
  [[nodiscard]] const QuotaLimits& limits() const noexcept { return limits_; }

 private:
  struct Account {
    QuotaUse use;
    std::deque<TimePoint> crashes;
  };

  Refused check(QuotaKind kind, Uid uid, std::uint64_t limit, std::uint64_t used, std::uint64_t asked) const;
  Refused check_crashes(TimePoint now, Uid uid) const;
  void drop_if_empty(Uid uid);
  QuotaLimits limits_;
  std::map<Uid, Account> accounts_;
  std::uint64_t connections_ = 0;
  std::uint64_t kept_connections_ = 0;
  std::function<void(const QuotaRefusal&)> told_;
};

}  // namespace ringmaster::core
