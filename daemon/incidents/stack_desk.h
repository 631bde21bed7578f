#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/incidents/incident_log.h"
#include "daemon/incidents/tracer_process.h"

namespace ringmaster::daemon {

/// The stacks of workers that are about to die: captured one at a time by a tracer, written into the incident of the
/// process at once as modules and offsets, then named by a second tracer and written again. Nobody waits for the names
/// but who asks to. The supervisor's one thread.
class StackDesk {
 public:
  struct Order {
    std::int32_t pid = 0;
    std::int32_t tid = 0;
    bool faulted = false;  ///< it waits in its fault handler, at `pc`
    std::uint64_t pc = 0;
    tracer::FileUser user{};  ///< as whom its files are opened: the pool's
    std::string what;         ///< its fault handler's words
    core::TimePoint until{};  ///< it is not held up longer
    IncidentLog::Process process;
    IncidentLog::Job job;
  };

  /// `program`: the tracer's; empty: there is none, and so no stack.
  StackDesk(EventLoop& loop, shm::LedgerRecord& ledger, const std::string& program);
  ~StackDesk();

  /// Opens the process's incident. `done`: its stack, or why there is none, stands in the ledger, and the process may
  /// go. Never within the call, and not later than `until`.
  void capture(const Order& order, std::function<void()> done);

  /// Calls back, now or later, when nothing more will be known of the incident's stack, or after `limit`.
  void when_named(std::uint64_t incident, core::Duration limit, std::function<void()> done);

 private:
  struct Waiting {
    std::uint64_t incident = 0;
    Order order;
    std::function<void()> done;
    EventLoop::TimerId timer = 0;
  };
  struct Unnamed {
    std::uint64_t incident = 0;
    tracer::Symbolise question;
  };
  struct Reader {
    std::uint64_t incident = 0;
    std::function<void()> done;
    EventLoop::TimerId timer = 0;
  };

  void next_capture();
  void captured(const Waiting& ended, std::optional<tracer::Answer> answer);
  void give_up(std::uint64_t incident);
  void next_naming();
  void named(std::uint64_t incident);
  [[nodiscard]] bool is_settled(std::uint64_t incident) const;

  EventLoop& loop_;
  IncidentLog log_;
  shm::LedgerRecord& ledger_;
  std::optional<TracerProcess> capturer_;
  std::optional<TracerProcess> namer_;
  std::deque<Waiting> waiting_;
  std::optional<Waiting> capturing_;  ///< without its `done` once that was called
  std::deque<Unnamed> unnamed_;
  std::uint64_t naming_ = 0;
  std::vector<Reader> readers_;
};

}  // namespace ringmaster::daemon
