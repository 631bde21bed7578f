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
#include "daemon/core/types.h"
#include "daemon/log/log_level.h"

/// The daemon's configuration as plain values, complete and checked: what the TOML file says, or the embedded default.
/// `ringmasterd --print-config` (config_defaults.cc) is the reference that explains each key.
namespace ringmaster::config {

using core::Bytes;
using core::Duration;
using core::to_string;

struct DaemonConfig {
  std::string socket;  ///< empty: the default place (proto/socket_path.h)
  mode_t socket_mode = 0660;
  std::string socket_group;         ///< empty: leave the daemon's own
  std::optional<gid_t> socket_gid;  ///< socket_group, resolved
  /// Both empty: whoever the socket's mode and group let in. Else only these, root and the daemon's own uid.
  std::vector<uid_t> allow_uids;
  std::vector<gid_t> allow_gids;
  std::vector<uid_t> admin_uids;  ///< besides root and the daemon's own uid
  Duration shutdown_timeout = std::chrono::seconds{30};
  Duration health_hold = std::chrono::seconds{5};  ///< what passes sooner by itself does not degrade the daemon
  daemon::LogLevel log_level = daemon::LogLevel::Info;
  daemon::LogFormat log_format = daemon::LogFormat::Auto;
  std::string cgroup = "auto";  ///< "auto", "off", or the absolute path of a cgroup v2 to make the workers' below

  friend bool operator==(const DaemonConfig&, const DaemonConfig&) = default;
};

/// One rlimit for the workers of a pool, soft and hard alike. `resource` is an RLIMIT_ constant.
struct Rlimit {
  int resource = 0;
  std::uint64_t value = 0;  ///< RLIM_INFINITY for "unlimited"

  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

/// Ring sizes that a session gets when its client asks for none, and the largest it may ask for.
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
  /// For the stock worker: absolute paths of .so files. Resolved: stock names and "all" are paths by now.
  std::vector<std::string> handlers;

  unsigned workers = 0;  ///< 0: "auto", as many as there are usable CPUs (see `resolve_workers`)
  unsigned spares = 1;

  Duration start_timeout = std::chrono::seconds{30};
  Duration health_queue_age = std::chrono::seconds{30};  ///< 0: a job may wait without degrading the daemon
  Duration queue_timeout{};                              ///< 0: a queued job waits for as long as its client wants
  Duration run_timeout = std::chrono::seconds{30};
  Duration grace = std::chrono::milliseconds{500};
  Duration max_timeout = std::chrono::hours{1};  ///< the longest run deadline that a client may ask for

  core::RestartConfig restart;
  unsigned retries = 3;  ///< an idempotent job that killed this many workers is poison
  core::RecycleConfig recycle;
  SessionConfig session;
  bool keep_leftovers = false;                    ///< processes that jobs leave behind are reported only
  Duration spin = std::chrono::microseconds{50};  ///< 0: workers sleep as soon as there is nothing to do

  /// All that workers get besides PATH, LANG, TZ, RINGMASTER_*.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory = "/";
  std::vector<Rlimit> rlimits;
  std::string user;   ///< empty: the daemon's own
  std::string group;  ///< empty: the user's primary group
  /// Not empty: why no worker can be started now (of an inherited configuration: its user is gone).
  std::string unusable;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  int nice = 0;
  Bytes memory_max{};  ///< of one worker, where a cgroup v2 is delegated; 0: none

  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

struct Config {
  DaemonConfig daemon;
  core::QuotaLimits limits;
  std::vector<PoolConfig> pools;  ///< at least one, names differ

  friend bool operator==(const Config&, const Config&) = default;
};

/// Most processes of a pool, spares included: the board's masks have so many bits.
inline constexpr unsigned kMaxSeats = 256;
inline constexpr unsigned kMaxPools = 64;
/// Most slots of one session.
inline constexpr unsigned kMaxSessionSlots = 4096;

/// "auto" becomes `usable_cpus` (at least 1, and leaves room for the spares).
[[nodiscard]] unsigned resolve_workers(const PoolConfig& pool, unsigned usable_cpus);

}  // namespace ringmaster::config
