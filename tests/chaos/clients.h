#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "tests/chaos/daemon.h"
#include "tests/chaos/job_plan.h"

namespace ringmaster::chaos {

/// The judge's client processes; each is started again, as its next incarnation, when it ends. Their histories are
/// files in the run's folder, which the judge opens, so that a client needs no access to it.
class Clients {
 public:
  Clients(const Setup& setup, const Journal& journal, std::uint64_t seed, unsigned count, const PlanLimits& limits);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Reaps the clients that ended, and starts them again if `again`. True: some are alive.
  bool tend(bool again);
  /// Sends a signal to the living client that `pick` selects; false: there is none.
  bool signal(std::uint32_t pick, int signal);
  /// SIGCONT and SIGTERM to all.
  void tell_all_to_leave();
  /// Kills the clients that did not leave in time: the outcomes of their jobs are missing.
  void give_up();
  /// SIGCONT to this client, if it is still alive.
  void go_on(pid_t pid) const;
  /// The pid that the last signal() went to.
  [[nodiscard]] pid_t last_pid() const noexcept { return last_pid_; }
  [[nodiscard]] unsigned lives() const noexcept { return lives_; }

 private:
  struct One {
    Way way = Way::Session;
    std::uint32_t number = 0;
    std::uint32_t incarnation = 0;
    pid_t pid = 0;
    UniqueFd pidfd;
    bool killed = false;
    bool gave_up = false;
    std::uint64_t start_at_ns = 0;
  };
  void start(One& one);
  bool bury(One& one);
  [[nodiscard]] std::string file_of(const One& one) const;

  const Setup& setup_;
  const Journal& journal_;
  std::uint64_t seed_;
  PlanLimits limits_;
  std::vector<One> all_;
  pid_t last_pid_ = 0;
  unsigned lives_ = 0;
};

}  // namespace ringmaster::chaos
