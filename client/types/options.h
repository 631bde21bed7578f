#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/types/outcome.h"
#include "proto/args.h"
#include "proto/handler_table.h"

/// Public header: what an application may choose, and what a pool offers.
namespace ringmaster {

using Arguments = std::vector<Argument>;

struct ConnectOptions {
  std::string socket = {};                              ///< empty: $RINGMASTER_SOCKET, then the default place
  std::string name = {};                                ///< shown in the daemon's status; at most 80 bytes
  Duration control_timeout = std::chrono::seconds(10);  ///< for one answer, and for reconnecting after a restart
  /// How long to try again when the daemon has too many connections; 0: not at all.
  Duration busy_timeout = std::chrono::seconds(5);
  /// For status, health, drain, cancel and stop, not for jobs. Does not start a daemon that a service manager would
  /// start for a connection, and lets an administrator in when all connections are in use.
  bool administers = false;
};

struct SessionOptions {
  std::uint32_t slots = 0;  ///< jobs in flight at once; 0: the pool's default
  std::uint64_t request_ring_bytes = 0;
  std::uint64_t result_ring_bytes = 0;  ///< 0: the pool's defaults
  Duration shortest_timeout{0};         ///< the shortest run timeout that jobs will ask for; 0: the pool's own
  /// How long a wait may spin before it sleeps; 0: never; unset: as the daemon says.
  std::optional<Duration> spin = std::nullopt;
};

struct SubmitOptions {
  Duration timeout{0};        ///< of the run; 0: the pool's. Whole milliseconds, rounded up
  Duration queue_timeout{0};  ///< until a worker starts it; 0: none
  bool idempotent = false;    ///< may run again after its worker died
  /// Room for the result; unset: by the handler's rule. A larger result is fetched from the daemon: that takes longer.
  std::optional<std::uint64_t> result_capacity = std::nullopt;
  std::uint64_t cookie = 0;   ///< of a posted job: the application's name for it
  Duration wait_for_room{0};  ///< if the queue is full: how long to wait in all before QueueFull
  std::string label = {};     ///< what status, log and reports call the job; cut to 36 bytes
  /// Room for messages that the handler sends while it runs, 8 bytes beside each; 0: none. What does not fit is dropped
  /// and counted. At most 16 MiB, of the memory for results; only in sessions. Such a job is not run again for a larger
  /// result.
  std::uint32_t messages = 0;
};

/// For a forced cancel.
struct Force {
  std::optional<Duration> grace = std::nullopt;        ///< until its worker is killed; unset: the pool's. At most 60 s
  Duration patience = std::chrono::milliseconds(100);  ///< the longest wait for the daemon's word
};

/// How a pool is to be that a program creates.
struct PoolOptions {
  std::string config;       ///< TOML of one pool's table, as in the daemon's configuration; without user and group
  std::string folder = {};  ///< absolute: what relative paths in it stand for; empty: this process's working directory
  unsigned workers = 0;     ///< 0: as the text says
  unsigned most_workers = 0;  ///< to which it may be resized; 0: as workers
  unsigned min_workers = 0;   ///< as many as there is work for, from this to `workers`; 0: always `workers`
};

/// A pool and what it offers.
struct PoolHandlers {
  std::string pool;
  bool known = false;  ///< false: no worker has been ready yet
  std::vector<HandlerDescription> handlers;
  Duration default_timeout{0};
  Duration default_queue_timeout{0};         ///< 0: none
  Duration max_timeout{0};                   ///< the longest run timeout that a job may ask for; 0: not known
  std::uint64_t max_request_ring_bytes = 0;  ///< the most that a session may ask for; 0: not known
  std::uint64_t max_result_ring_bytes = 0;
};

}  // namespace ringmaster
