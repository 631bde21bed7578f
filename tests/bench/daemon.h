#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "client/client.h"

namespace ringmaster::bench {

/// The paths of this build's programs.
struct Programs {
  std::string ringmasterd;
  std::string ringmaster;
  std::string handlers;  ///< the handler library of this benchmark
};

/// A daemon of the benchmark's own, on a socket in a temporary folder; ends, with every process of it, with this
/// object.
class Daemon {
 public:
  /// `pools` is TOML. Throws std::runtime_error with the end of the daemon's log where it does not get healthy.
  Daemon(const Programs& programs, const std::string& pools);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  [[nodiscard]] Client connect() const;
  /// Other users may connect too.
  void admit_everyone() const;
  [[nodiscard]] std::string socket() const { return folder_ + "/ringmaster.sock"; }
  [[nodiscard]] pid_t keeper() const noexcept { return keeper_; }
  /// -1 if there is none at the moment.
  [[nodiscard]] pid_t supervisor() const;
  /// The worker processes of one pool, spares included.
  [[nodiscard]] std::vector<pid_t> workers(const std::string& pool) const;
  /// Pins all workers of `pool` to one CPU, counted among the usable ones.
  void pin_workers(const std::string& pool, int cpu) const;
  /// The sum over all pools, from the daemon's status.
  [[nodiscard]] double missed_wakes() const;

 private:
  [[nodiscard]] std::vector<pid_t> children_named(const std::string& start) const;
  [[nodiscard]] std::string log_tail() const;
  void stop();

  Programs programs_;
  std::string folder_;
  pid_t keeper_ = -1;
};

/// CPU time that a process has used, all threads, in nanoseconds; 0 where it is gone.
[[nodiscard]] double cpu_ns(pid_t pid);
/// How often a process has gone to sleep by itself so far: each wake-up ends with one.
[[nodiscard]] double wakeups(pid_t pid);
[[nodiscard]] double resident_kib(pid_t pid);

}  // namespace ringmaster::bench
