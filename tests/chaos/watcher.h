#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/control/control_link.h"
#include "tests/chaos/record.h"

namespace ringmaster::chaos {

/// Sums over the daemon's status.
struct DaemonView {
  std::uint64_t daemon_id = 0;
  std::int64_t supervisor = 0;
  std::uint64_t sessions = 0;  ///< of clients
  std::uint64_t internal = 0;  ///< the daemon's own
  std::uint64_t queued = 0;
  std::uint64_t running = 0;
  std::uint64_t missed_wakes = 0;
  std::uint64_t workers = 0;    ///< with a process that is ready
  std::uint64_t leftovers = 0;  ///< processes of jobs
  std::uint64_t connections = 0;
  std::string text;  ///< what is odd about it, for people
};

/// Plays the administrator: asks for the status all the time and records it, drains and resumes pools. Uses two
/// threads, so that the rest of the judge never waits for the daemon.
class Watcher {
 public:
  Watcher(const std::string& socket, const Journal& journal);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// The supervisor that answered last, by its pid; 0: none yet.
  [[nodiscard]] std::int64_t serving() const noexcept { return serving_; }
  void drain(unsigned pool, std::uint64_t until_ns);
  /// Resumes every drained pool; returns when the daemon has confirmed it, or after `ms`.
  bool resume_all(int ms);
  /// One look, now. nullopt: no answer.
  [[nodiscard]] std::optional<DaemonView> look();

 private:
  struct Order {
    unsigned pool = 0;
    std::uint64_t until_ns = 0;
    bool drained = false;
  };
  void watch();
  void carry_out();
  bool ask(unsigned pool, bool resume);

  const Journal& journal_;
  client::ControlLink eye_;
  client::ControlLink hand_;
  std::atomic<std::int64_t> serving_ = 0;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;
  std::vector<Order> orders_;
  std::thread watching_;
  std::thread carrying_out_;
};

}  // namespace ringmaster::chaos
