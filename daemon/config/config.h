#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/daemon/quota.h"
#include "daemon/core/pool/pool_plan.h"
#include "daemon/core/pool/restart_policy.h"
#include "daemon/core/pool/worker_range.h"
#include "daemon/core/types.h"
#include "daemon/log/log_level.h"

/// The daemon's configuration as plain values, complete and checked: what the TOML file says, or the embedded default.
/// `ringmasterd --print-config` (config_defaults.cc) is the reference that explains each key.
namespace ringmaster::config {

using core::Bytes;
using core::Duration;
using core::to_string;

struct DaemonConfig {
  std::string socket;  ///< empty: the default path (proto/socket_path.h)
  mode_t socket_mode = 0660;
  std::string socket_group;         ///< empty: leave the daemon's own
  std::optional<gid_t> socket_gid;  ///< socket_group, resolved
  /// If both lists are empty, everybody that the socket's mode and group let in. Otherwise only these, root and the
  /// daemon's own uid.
  std::vector<uid_t> allow_uids;
  std::vector<gid_t> allow_gids;
  std::vector<uid_t> admin_uids;  ///< besides root and the daemon's own uid
  Duration shutdown_timeout = std::chrono::seconds{30};
  Duration health_hold =
      std::chrono::seconds{5};  ///< a condition that passes sooner by itself does not degrade the daemon
  daemon::LogLevel log_level = daemon::LogLevel::Info;
  daemon::LogFormat log_format = daemon::LogFormat::Auto;
  std::string cgroup =
      "auto";  ///< "auto", "off", or the absolute path of the cgroup v2 below which the workers get theirs

  friend bool operator==(const DaemonConfig&, const DaemonConfig&) = default;
};

/// One rlimit for the workers of a pool. `resource` is an RLIMIT_ constant.
struct Rlimit {
  int resource = 0;
  std::uint64_t value = 0;                           ///< RLIM_INFINITY for "unlimited"
  std::optional<std::uint64_t> soft = std::nullopt;  ///< unset: the same

  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

/// The ring sizes of a session if its client asks for none, and the largest that it may ask for.
struct SessionConfig {
  Bytes request_ring = core::mib(64);
  Bytes result_ring = core::mib(64);
  Bytes request_ring_max = core::gib(1);
  Bytes result_ring_max = core::gib(1);
  unsigned slots = 1024;  ///< most jobs of one session that may be queued, running or unread (`slots`)

  friend bool operator==(const SessionConfig&, const SessionConfig&) = default;
};

struct PoolConfig {
  std::string name = "default";

  /// A program that links the worker library, with its arguments; empty: the stock worker with `handlers`.
  std::vector<std::string> command;
  /// For the stock worker: absolute paths of .so files. Stock names and "all" have been replaced by paths.
  std::vector<std::string> handlers;

  unsigned workers = 0;      ///< at most at work; 0: "auto", as many as there are usable CPUs (see `resolve_workers`)
  unsigned min_workers = 0;  ///< at least at work; 0: as workers
  unsigned spares = 1;
  unsigned most_workers = 0;  ///< of a created pool: seats are kept for so many; 0: for `workers`

  Duration idle_timeout = std::chrono::seconds{30};  ///< of workers beyond min_workers; 0: they stay
  /// How long a job waits before there are more workers, one for each job; nullopt ("auto"): core::Scaling's own rule.
  std::optional<Duration> grow_after;
  Duration start_timeout = std::chrono::seconds{30};
  Duration health_queue_age = std::chrono::seconds{30};  ///< 0: waiting jobs never degrade the daemon
  Duration queue_timeout{};                              ///< 0: a queued job waits for as long as its client wants
  Duration run_timeout = std::chrono::seconds{30};
  Duration grace = std::chrono::milliseconds{500};
  Duration max_timeout = std::chrono::hours{1};  ///< the longest run timeout that a client may ask for

  core::RestartConfig restart;
  unsigned retries = 3;  ///< an idempotent job that killed this many workers is poison
  core::RecycleConfig recycle;
  SessionConfig session;
  bool keep_leftovers = false;                    ///< processes that jobs leave behind are reported, not killed
  bool output_to_client = false;                  ///< what workers write while a job runs; false: into the log
  Duration spin = std::chrono::microseconds{50};  ///< 0: workers sleep as soon as there is nothing to do

  /// The variables that workers get besides PATH, LANG, TZ and RINGMASTER_*.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory = "/";
  std::vector<Rlimit> rlimits;
  std::string user;   ///< empty: the daemon's own
  std::string group;  ///< empty: the user's primary group
  /// Why no worker can be started now, for example because the user of an inherited configuration is gone; empty: all
  /// is well.
  std::string unusable;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::vector<gid_t> groups;   ///< supplementary ones, with uid and gid
  std::optional<uid_t> owner;  ///< of a created pool: who may use and change it
  int nice = 0;
  Bytes memory_max{};  ///< for one worker, if a cgroup v2 is delegated; 0: no limit

  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

struct Config {
  DaemonConfig daemon;
  core::QuotaLimits limits;
  std::vector<PoolConfig> pools;  ///< names differ; none: there are only those that users create

  friend bool operator==(const Config&, const Config&) = default;
};

/// The most processes of a pool, spares included: the number of bits in the board's masks.
inline constexpr unsigned kMaxSeats = 256;
inline constexpr unsigned kMaxPools = 64;
/// Most slots of one session.
inline constexpr unsigned kMaxSessionSlots = 4096;

/// Places for processes: of as many workers as there may be, and of the spares.
[[nodiscard]] constexpr unsigned seats_of(const PoolConfig& pool) {
  return (pool.most_workers > pool.workers ? pool.most_workers : pool.workers) + pool.spares;
}

/// How many are at work, once "auto" is resolved.
[[nodiscard]] constexpr core::WorkerRange range_of(const PoolConfig& pool) {
  return {pool.min_workers == 0 ? pool.workers : pool.min_workers, pool.workers};
}

/// The number of workers; "auto" becomes `usable_cpus`, but at least 1, and leaves room for the spares.
[[nodiscard]] unsigned resolve_workers(const PoolConfig& pool, unsigned usable_cpus);

}  // namespace ringmaster::config
