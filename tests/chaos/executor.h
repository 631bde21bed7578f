#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/chaos/clients.h"
#include "tests/chaos/schedule.h"
#include "tests/chaos/watcher.h"

namespace ringmaster::chaos {

/// Carries out a schedule, and records each signal before sending it. One thread; never waits for another process.
class Executor {
 public:
  Executor(Daemon& daemon, Clients& clients, Watcher& watcher, const Journal& journal)
      : daemon_(daemon), clients_(clients), watcher_(watcher), journal_(journal) {}

  /// Returns early where the daemon is gone.
  void run(const std::vector<Step>& steps, Nanos length);
  /// Sends SIGCONT to every process that is still stopped.
  void continue_all();

  /// How often each act was done; and how many kills of the supervisor were left out, so that the keeper does not see a
  /// restart loop.
  [[nodiscard]] const std::map<Act, std::uint64_t>& done() const noexcept { return done_; }
  [[nodiscard]] std::uint64_t spared() const noexcept { return spared_; }

 private:
  enum class Role : std::uint8_t { Worker, Supervisor, Client };
  struct Stopped {
    std::uint64_t until_ns = 0;
    Role role = Role::Worker;
    pid_t pid = 0;
  };
  void perform(const Step& step);
  bool to_worker(const Step& step, int signal);
  bool to_supervisor(int signal);
  bool to_client(const Step& step, int signal);
  bool supervisor_may_die();
  void go_on(const Stopped& stopped);
  void continue_due(std::uint64_t now);
  void note(Role role, pid_t pid, int signal) const;

  Daemon& daemon_;
  Clients& clients_;
  Watcher& watcher_;
  const Journal& journal_;
  SupervisorPace pace_{true};
  std::int64_t served_last_ = 0;
  std::vector<Stopped> stopped_;
  pid_t target_ = 0;  ///< of the last signal
  std::map<Act, std::uint64_t> done_;
  std::uint64_t spared_ = 0;
};

}  // namespace ringmaster::chaos
