#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/link/tracer_protocol.h"
#include "daemon/loop/event_loop.h"

namespace ringmaster::daemon {

/// One ringmaster-tracer: a child of the supervisor, and so a descendant of the keeper, which workers allow to trace
/// them. It gets one question at a time, and answers asynchronously. If it dies or takes too long it is killed, its
/// question gets no answer, and the next question starts a new one. Its memory, CPU time, files and descriptors are
/// limited. The supervisor's one thread.
class TracerProcess {
 public:
  using Done = std::function<void(std::optional<tracer::Answer>)>;

  /// `program`: path of the tracer.
  TracerProcess(EventLoop& loop, std::string program);
  ~TracerProcess();
  TracerProcess(const TracerProcess&) = delete;
  TracerProcess& operator=(const TracerProcess&) = delete;

  /// Starts it now instead of with the first question.
  void start();
  [[nodiscard]] bool busy() const { return static_cast<bool>(done_); }
  /// Calls `done` once, never within this call. REQUIRES: not busy.
  void ask(const tracer::Question& question, core::Duration limit, Done done);

 private:
  /// A killed process that is not reaped yet.
  struct Dying {
    UniqueFd pidfd;
    std::unique_ptr<FdWatch> watch;
  };

  [[nodiscard]] bool spawn();
  void receive();
  void answer(std::optional<tracer::Answer> what);
  void end();
  void reap(int pidfd);

  EventLoop& loop_;
  std::string program_;
  UniqueFd socket_;
  UniqueFd pidfd_;
  std::unique_ptr<FdWatch> watch_;
  std::vector<Dying> dying_;
  Done done_;
  std::optional<EventLoop::TimerId> limit_;
  bool said_missing_ = false;
};

}  // namespace ringmaster::daemon
