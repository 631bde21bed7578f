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

/// Captures the stacks of workers that are about to die, one at a time, by a tracer. A stack is written into the
/// process's incident at once as modules and offsets; a second tracer finds the names, and it is written again. Only
/// those who ask for it wait for the names. The supervisor's one thread.
class StackDesk {
 public:
  struct Order {
    std::int32_t pid = 0;
    std::int32_t tid = 0;
    bool faulted = false;  ///< the worker waits in its fault handler; the fault was at `pc`
    std::uint64_t pc = 0;
    tracer::FileUser user{};  ///< the user that its files are opened as: the pool's
    std::string what;         ///< what its fault handler reported
    core::TimePoint until{};  ///< the process is held until then at most
    IncidentLog::Process process;
    IncidentLog::Job job;
  };

  /// `program`: path of the tracer; empty: there is none, and no stacks are captured.
  StackDesk(EventLoop& loop, shm::LedgerRecord& ledger, const std::string& program);
  ~StackDesk();

  /// Opens the process's incident and captures its stack. Calls `done` when the stack, or why there is none, is in the
  /// ledger, so that the process may end: never within this call, and not later than `until`.
  void capture(const Order& order, std::function<void()> done);

  /// Calls `done`, now or later, when the names in the incident's stack are known or will not be, or after `limit`.
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
  std::optional<TracerProcess> capturer_;
  std::optional<TracerProcess> namer_;
  std::deque<Waiting> waiting_;
  std::optional<Waiting> capturing_;  ///< `done` is empty once it was called
  std::deque<Unnamed> unnamed_;
  std::uint64_t naming_ = 0;
  std::vector<Reader> readers_;
};

}  // namespace ringmaster::daemon
