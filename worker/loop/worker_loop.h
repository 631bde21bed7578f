#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "worker/job/job_runner.h"
#include "worker/loop/control_link.h"
#include "worker/loop/lookout.h"
#include "worker/process/child_watch.h"
#include "worker/session/parking.h"
#include "worker/session/session_bells.h"
#include "worker/session/session_table.h"
#include "worker/session/streaming.h"

namespace ringmaster::worker {

/// The steps of a ready worker: claim a job, finish it, wait if there is none. Orders of the supervisor are obeyed in
/// between, never while a job is open. The caller runs the handlers: the library itself (worker_main.cc), or a host
/// with an event loop of its own (worker_abi.h).
///
/// One thread. While jobs follow each other closely its only system call is a check of the control socket every
/// millisecond (and sched_yield() where they share a CPU with their client). The order of steps before it sleeps:
/// shm/DESIGN.md, P1 to P5.
class WorkerLoop {
 public:
  WorkerLoop(const shm::WorkerSelf& self, const HandlerRegistry& registry, ControlLink& link, OutputCapture& output,
             Parking parking, int pool_bell)
      : self_(self),
        registry_(registry),
        link_(link),
        parking_(std::move(parking)),
        children_(self.lane->left, [this](worker_link::ToSupervisor&& message) { tell(message); }),
        marks_(*self.control, self.lane->words, output.on()),
        runner_(self, registry, children_, marks_, output, [this](const auto& ask) { return link_.ask(ask); }),
        bells_(parking_, sessions_, self.lane->empty_rings),
        lookout_(self, sessions_, pool_bell),
        streaming_(*self.board, self.place) {}

  /// Call it once, before the first claim.
  void start();

  enum class Step {
    Claimed,  ///< A job is open: handler() and runner() until finish().
    Nothing,  ///< There is no job: call wait().
    Leave     ///< The worker was told to leave, or the daemon is gone: call leave().
  };
  /// Obeys the supervisor's orders, then claims the next job. `now_ns`: CLOCK_MONOTONIC; the job's run counts from
  /// then. A job that ends without its handler is not returned. REQUIRES: no job is open.
  [[nodiscard]] Step claim(std::uint64_t now_ns);
  [[nodiscard]] const RegisteredHandler& handler() const noexcept { return *handler_; }
  [[nodiscard]] JobRunner& runner() noexcept { return runner_; }
  [[nodiscard]] bool has_open_job() const noexcept { return session_ != nullptr; }
  /// Ends the open job with its handler's code (RM_DONE …). Does not return while the supervisor holds this worker.
  void finish(std::int32_t code);
  [[nodiscard]] std::uint64_t ended_ns() const noexcept { return runner_.ended_ns(); }

  /// What else ends a wait: a descriptor of the host that becomes readable (-1: none), and a time limit.
  struct Host {
    int fd = -1;
    std::chrono::nanoseconds at_most = std::chrono::nanoseconds::max();
  };
  struct Woken {
    bool work = false;  ///< There may be something to do: call claim().
    bool host = false;
  };
  /// Spins, then sleeps. Neither member of the result is set: the time is over.
  Woken wait(const Host& host);
  Woken wait() { return wait(Host{}); }

  enum class Sleep { Allowed, Forbidden };
  /// For a host that sleeps in its own poll(), on wake_fd(), for at most `at_most`. end_rest() must follow in any case.
  [[nodiscard]] Sleep begin_rest(std::chrono::nanoseconds& at_most);
  [[nodiscard]] int wake_fd() const noexcept { return parking_.fd(); }
  void end_rest();

  /// Call it after Step::Leave; returns the process's exit status.
  [[nodiscard]] int leave();

 private:
  static constexpr std::uint64_t kControlIntervalNs = 1'000'000;
  // How often a busy worker looks for processes that jobs left behind: one system call of 0.15 us if there are none.
  static constexpr std::uint64_t kChildrenIntervalNs = 100'000;

  /// This worker has finished its pool's max_jobs.
  [[nodiscard]] bool has_had_its_jobs() const noexcept;
  [[nodiscard]] bool leaving() const noexcept;
  [[nodiscard]] bool leave_to_streamer(std::uint64_t now_ns) const noexcept;
  [[nodiscard]] bool claim_next(std::uint64_t now_ns);
  [[noreturn]] void leave_it_to_others() noexcept;
  void has_ended(RunStatus status);
  void heed_charges();
  void count_if_it_waited() const noexcept;
  void wait_while_held();
  void stay_condemned();

  [[nodiscard]] Woken wait_drained(const Host& host);
  void begin_drained();
  [[nodiscard]] bool spin(std::chrono::nanoseconds at_most);
  void look_ahead() noexcept;
  [[nodiscard]] Woken park(const Host& host);
  [[nodiscard]] Sleep begin_park();
  void end_park();
  [[nodiscard]] std::chrono::nanoseconds wanted_sleep() const noexcept;
  [[nodiscard]] Parking::Wake sleep(const Host& host);
  void end_sleep(const Parking::Wake& wake);
  [[nodiscard]] bool called();
  void heed(const Parking::Wake& wake);
  void note_missed_wake();
  [[nodiscard]] std::chrono::nanoseconds until_next_look(std::chrono::nanoseconds at_most);

  void read_control();
  void obey(ControlLink::Incoming incoming);
  void attach(const worker_link::Attach& about, std::vector<UniqueFd> fds);
  void drop(AttachedSession& session);
  void drop_broken(AttachedSession& session, worker_link::BrokenReason reason, std::uint64_t detail);
  void tell(const worker_link::ToSupervisor& message);

  const shm::WorkerSelf& self_;
  const HandlerRegistry& registry_;
  ControlLink& link_;
  Parking parking_;
  ChildWatch children_;
  OutputMarks marks_;
  JobRunner runner_;
  SessionTable sessions_;
  SessionBells bells_;
  Lookout lookout_;
  shm::ChargedUsers charged_;
  Streaming streaming_;
  worker_link::Settings settings_;
  shm::Claim claim_;                    ///< The open job.
  AttachedSession* session_ = nullptr;  ///< Its session; nullptr: no job is open.
  const RegisteredHandler* handler_ = nullptr;
  std::uint64_t control_read_ns_ = 0;
  std::uint64_t free_since_ns_ = 0;  ///< Since when this worker is free: its last job's end, or its start.
  int ahead_ = 0;                    ///< Jobs in a row that were ready before this worker looked for them.
  std::uint64_t children_seen_ns_ = 0;
  bool in_turn_ = false;
  bool paused_ = false;
  bool exit_asked_ = false;
  bool broken_link_ = false;
  bool idle_for_long_ = false;
  bool standing_by_ = false;
  enum class Rest : std::uint8_t { Drained, Awake, Asleep };
  Rest rest_ = Rest::Awake;  ///< Between begin_rest() and end_rest(); Awake: it does not sleep.
};

}  // namespace ringmaster::worker
