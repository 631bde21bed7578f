#include "daemon/core/daemon/quota.h"

#include <algorithm>

#include "base/check.h"

namespace ringmaster::core {
namespace {

constexpr Duration kMinute = std::chrono::minutes{1};

}  // namespace

/// nullopt when `asked` more fits under `limit`; safe against overflow of the sum.
QuotaBook::Refused QuotaBook::check(QuotaKind kind, Uid uid, std::uint64_t limit, std::uint64_t used,
                                    std::uint64_t asked) const {
  if (used <= limit && asked <= limit - used) return std::nullopt;
  const QuotaRefusal refusal{kind, uid, limit, used, asked};
  if (told_) told_(refusal);
  return refusal;
}

QuotaBook::Refused QuotaBook::open_connection(Uid uid) {
  if (auto refused = check(QuotaKind::Connections, uid, limits_.connections, connections_, 1)) return refused;
  const std::uint64_t of_uid = use(uid).connections;
  if (auto refused = check(QuotaKind::ConnectionsPerUid, uid, limits_.connections_per_uid, of_uid, 1)) return refused;
  const std::uint64_t for_all = limits_.connections - limits_.connections / 8;
  if (of_uid >= kFewConnections) {
    if (auto refused = check(QuotaKind::ConnectionsForFew, uid, for_all, connections_, 1)) return refused;
  }
  ++connections_;
  ++accounts_[uid].use.connections;
  return std::nullopt;
}

void QuotaBook::close_connection(Uid uid) {
  auto& use = accounts_[uid].use;
  RM_CHECK(use.connections > 0 && connections_ > 0, "uid=%u", uid);
  --use.connections;
  --connections_;
  drop_if_empty(uid);
}

bool QuotaBook::open_kept_connection() {
  if (kept_connections_ >= kKeptConnections) return false;
  ++kept_connections_;
  return true;
}

void QuotaBook::close_kept_connection() {
  RM_CHECK(kept_connections_ > 0, "none is open");
  --kept_connections_;
}

QuotaBook::Refused QuotaBook::open_session(TimePoint now, Uid uid, std::uint64_t slots, Bytes bytes) {
  const QuotaUse used = use(uid);
  if (auto refused = check_crashes(now, uid)) return refused;
  if (auto refused = check(QuotaKind::SessionsPerUid, uid, limits_.sessions_per_uid, used.sessions, 1)) return refused;
  if (auto refused = check(QuotaKind::SlotsPerUid, uid, limits_.slots_per_uid, used.slots, slots)) return refused;
  if (auto refused = check(QuotaKind::BytesPerUid, uid, limits_.bytes_per_uid.value, used.bytes.value, bytes.value)) {
    return refused;
  }
  charge_session(uid, slots, bytes);
  return std::nullopt;
}

void QuotaBook::charge_session(Uid uid, std::uint64_t slots, Bytes bytes) {
  auto& account = accounts_[uid].use;
  ++account.sessions;
  account.slots += slots;
  account.bytes += bytes;
}

void QuotaBook::close_session(Uid uid, std::uint64_t slots) {
  auto& use = accounts_[uid].use;
  RM_CHECK(use.sessions > 0 && use.slots >= slots, "uid=%u", uid);
  --use.sessions;
  use.slots -= slots;
  drop_if_empty(uid);
}

void QuotaBook::release_bytes(Uid uid, Bytes bytes) {
  auto& use = accounts_[uid].use;
  RM_CHECK(use.bytes >= bytes, "uid=%u", uid);
  use.bytes -= bytes;
  drop_if_empty(uid);
}

QuotaBook::Refused QuotaBook::take_bytes(Uid uid, Bytes bytes) {
  const Bytes used = use(uid).bytes;
  if (auto refused = check(QuotaKind::BytesPerUid, uid, limits_.bytes_per_uid.value, used.value, bytes.value)) {
    return refused;
  }
  accounts_[uid].use.bytes += bytes;
  return std::nullopt;
}

QuotaBook::Refused QuotaBook::take_socket_job(TimePoint now, Uid uid) {
  if (auto refused = check_crashes(now, uid)) return refused;
  if (auto refused = check(QuotaKind::SocketJobsPerUid, uid, limits_.socket_jobs_per_uid, use(uid).socket_jobs, 1)) {
    return refused;
  }
  ++accounts_[uid].use.socket_jobs;
  return std::nullopt;
}

void QuotaBook::release_socket_job(Uid uid) {
  auto& use = accounts_[uid].use;
  RM_CHECK(use.socket_jobs > 0, "uid=%u", uid);
  --use.socket_jobs;
  drop_if_empty(uid);
}

void QuotaBook::charge_accepted(Uid uid, Bytes bytes) {
  auto& use = accounts_[uid].use;
  ++use.socket_jobs;
  use.bytes += bytes;
}

QuotaBook::Refused QuotaBook::open_pool(Uid uid, std::uint64_t seats, Bytes bytes) {
  const QuotaUse used = use(uid);
  const std::uint64_t most = limits_.pools_per_uid.value_or(0);
  if (auto refused = check(QuotaKind::PoolsPerUid, uid, most, used.pools, 1)) return refused;
  if (auto refused = check(QuotaKind::WorkersPerUid, uid, limits_.workers_per_uid, used.workers, seats)) return refused;
  if (auto refused = check(QuotaKind::PoolBytes, uid, limits_.bytes_per_uid.value, used.bytes.value, bytes.value)) {
    return refused;
  }
  charge_pool(uid, seats, bytes);
  return std::nullopt;
}

void QuotaBook::charge_pool(Uid uid, std::uint64_t seats, Bytes bytes) {
  auto& use = accounts_[uid].use;
  ++use.pools;
  use.workers += seats;
  use.bytes += bytes;
}

void QuotaBook::close_pool(Uid uid, std::uint64_t seats, Bytes bytes) {
  auto& use = accounts_[uid].use;
  RM_CHECK(use.pools > 0 && use.workers >= seats && use.bytes >= bytes, "uid=%u", uid);
  --use.pools;
  use.workers -= seats;
  use.bytes -= bytes;
  drop_if_empty(uid);
}

void QuotaBook::count_crash(TimePoint now, Uid uid) {
  auto& crashes = accounts_[uid].crashes;
  while (!crashes.empty() && crashes.front() <= now - kMinute) crashes.pop_front();
  crashes.push_back(now);
  // One more than the limit is enough to know, and bounds the memory.
  if (crashes.size() > limits_.crashes_per_minute + 1) crashes.pop_front();
}

std::uint64_t QuotaBook::crashes_in_last_minute(TimePoint now, Uid uid) const {
  const auto account = accounts_.find(uid);
  if (account == accounts_.end()) return 0;
  const auto& crashes = account->second.crashes;
  return static_cast<std::uint64_t>(crashes.end() - std::upper_bound(crashes.begin(), crashes.end(), now - kMinute));
}

QuotaBook::Refused QuotaBook::check_crashes(TimePoint now, Uid uid) const {
  return check(QuotaKind::CrashesPerMinute, uid, limits_.crashes_per_minute, crashes_in_last_minute(now, uid), 0);
}

std::optional<std::pair<Uid, std::uint64_t>> QuotaBook::most_socket_jobs() const {
  std::optional<std::pair<Uid, std::uint64_t>> most;
  for (const auto& [uid, account] : accounts_) {
    const std::uint64_t jobs = account.use.socket_jobs;
    if (jobs > (most ? most->second : 0)) most = {uid, jobs};
  }
  return most;
}

QuotaUse QuotaBook::use(Uid uid) const {
  const auto account = accounts_.find(uid);
  return account == accounts_.end() ? QuotaUse{} : account->second.use;
}

void QuotaBook::drop_if_empty(Uid uid) {
  const auto account = accounts_.find(uid);
  if (account->second.use == QuotaUse{} && account->second.crashes.empty()) accounts_.erase(account);
}

std::string to_string(const QuotaRefusal& refusal) {
  std::string who = "uid " + std::to_string(refusal.uid);
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const std::string limit = number(refusal.limit);
  const std::string used = number(refusal.used);
  switch (refusal.kind) {
    case QuotaKind::Connections:
      return "the daemon has " + used + " of at most " + limit +
             " connections: try again later, or raise [limits] max_connections";
    case QuotaKind::ConnectionsForFew:
      return "the daemon has " + used + " connections, and those beyond " + limit +
             " are for users who have fewer than " + number(kFewConnections) + ": " + who +
             " can close some, or try again later, or raise [limits] max_connections";
    case QuotaKind::ConnectionsPerUid:
      return who + " has " + used + " of at most " + limit +
             " connections: close some, or raise [limits] connections_per_uid";
    case QuotaKind::SessionsPerUid:
      return who + " has " + used + " of at most " + limit +
             " sessions: close some, or raise [limits] sessions_per_uid";
    case QuotaKind::SlotsPerUid:
      return who + " holds " + used + " of at most " + limit + " slots and asked for " + number(refusal.asked) +
             " more: open the session with fewer slots, close another, or raise [limits] slots_per_uid";
    case QuotaKind::BytesPerUid:
      return who + " holds " + to_string(Bytes{refusal.used}) + " of at most " + to_string(Bytes{refusal.limit}) +
             " of shared memory and asked for " + to_string(Bytes{refusal.asked}) +
             " more: open a smaller session, close another, or raise [limits] bytes_per_uid";
    case QuotaKind::PoolBytes:
      return who + " holds " + to_string(Bytes{refusal.used}) + " of at most " + to_string(Bytes{refusal.limit}) +
             " of shared memory, and the pool takes " + to_string(Bytes{refusal.asked}) +
             " more: create it for fewer workers, close sessions or drop pools, or raise [limits] bytes_per_uid";
    case QuotaKind::SocketJobsPerUid:
      return who + " has " + used + " of at most " + limit +
             " jobs submitted over the socket: fetch their outcomes first, or raise [limits] socket_jobs_per_uid";
    case QuotaKind::CrashesPerMinute:
      return "jobs of " + who + " ended " + used + " workers within a minute, at most " + limit +
             " are allowed: wait, look at `ringmaster status` for their cause, or raise [limits] crashes_per_minute";
    case QuotaKind::PoolsPerUid:
      return who + " has " + used + " of at most " + limit + " pools: drop some, or raise [limits] pools_per_uid";
    case QuotaKind::WorkersPerUid:
      return who + " has pools of " + used + " of at most " + limit + " workers and asked for " +
             number(refusal.asked) + " more: create a smaller pool, drop others, or raise [limits] workers_per_uid";
  }
  return who;
}

}  // namespace ringmaster::core
