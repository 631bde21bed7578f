#pragma once

#include <chrono>
#include <cstdint>

#include "worker/job/job_runner.h"
#include "worker/loop/control_link.h"
#include "worker/process/child_watch.h"
#include "worker/session/parking.h"
#include "worker/session/session_bells.h"
#include "worker/session/session_table.h"
#include "worker/session/streaming.h"

namespace ringmaster::worker {

/// A ready worker's life: claim, run, complete; spin and park when there is nothing; obey the supervisor between jobs.
///
/// One thread. While jobs follow each other it makes no system call but a look at the control socket every
/// millisecond. Order of the hints when going to sleep: shm/DESIGN.md, steps P1 to P5.
class WorkerLoop {
 public:
  WorkerLoop(const shm::WorkerSelf& self, const HandlerRegistry& registry, ControlLink& link, Parking parking,
             int pool_bell)
      : self_(self),
        link_(link),
        parking_(std::move(parking)),
        pool_bell_(pool_bell),
        children_(self.lane->left, [this](worker_link::ToSupervisor&& message) { tell(message); }),
        marks_(*self.control, self.lane->words),
        runner_(self, registry, children_, marks_),
        bells_(parking_, sessions_, self.lane->empty_rings),
        streaming_(*self.board, self.place) {}

  /// Returns the process's exit status when told to leave, or when the daemon is gone.
  [[nodiscard]] int run();

 private:
  static constexpr std::uint64_t kControlIntervalNs = 1'000'000;
  // Between looks at what jobs left behind while they follow each other: a system call of 0.15 us if it is nothing.
  static constexpr std::uint64_t kChildrenIntervalNs = 100'000;

  [[nodiscard]] bool leaving() const noexcept;
  [[nodiscard]] bool leave_to_streamer(std::uint64_t now_ns) const noexcept;
  [[nodiscard]] bool claim_and_run(std::uint64_t now_ns);
  [[noreturn]] void leave_it_to_others() noexcept;
  void run_claimed(AttachedSession& session, const shm::Claim& claim);
  void ring_on();
  void pass_ring_on();
  void ring_another() noexcept;
  void heed_charges();
  void look_around(std::uint64_t now_ns);
  bool look_at_all(std::uint64_t now_ns);
  void patrol(std::uint64_t now_ns) noexcept;
  void count_if_it_waited(const shm::Claim& claim) const noexcept;
  void wait_while_held();
  void wait_drained();
  void stay_condemned(AttachedSession& session, const shm::Claim& claim);

  [[nodiscard]] bool spin();
  void stop_spinning() noexcept;
  void look_ahead() noexcept;
  [[nodiscard]] bool look_at_next(int times) const noexcept;
  void park();
  [[nodiscard]] Parking::Wake sleep(bool& standing_by);
  [[nodiscard]] bool called();
  void heed(const Parking::Wake& wake);
  void look_anywhere() noexcept;
  void note_missed_wake();
  void count_missed_wake() noexcept;
  [[nodiscard]] std::chrono::nanoseconds until_next_look(std::chrono::nanoseconds at_most);

  void read_control();
  void obey(ControlLink::Incoming incoming);
  void attach(const worker_link::Attach& about, std::vector<UniqueFd> fds);
  void drop(AttachedSession& session);
  void drop_broken(AttachedSession& session, worker_link::BrokenReason reason, std::uint64_t detail);
  void tell(const worker_link::ToSupervisor& message);

  const shm::WorkerSelf& self_;
  ControlLink& link_;
  Parking parking_;
  int pool_bell_;
  ChildWatch children_;
  OutputMarks marks_;
  JobRunner runner_;
  SessionTable sessions_;
  SessionBells bells_;
  shm::ChargedUsers charged_;
  Streaming streaming_;
  worker_link::Settings settings_;
  std::uint64_t control_read_ns_ = 0;
  std::uint64_t looked_ns_ = 0;      ///< At all sessions.
  std::uint64_t patrolled_ns_ = 0;   ///< 0: it slept since.
  std::uint64_t free_since_ns_ = 0;  ///< When this worker became free: its last job's end, or its first claim's chance.
  int ahead_ = 0;                    ///< Jobs in a row that were there when this worker came for them.
  std::uint64_t children_seen_ns_ = 0;
  bool in_turn_ = false;
  bool spinning_ = false;
  bool owes_look_ = false;  ///< Since it last looked at all sessions, clients relied on it and did not ring.
  bool paused_ = false;
  bool exit_asked_ = false;
  bool broken_link_ = false;
  bool idle_for_long_ = false;
};

}  // namespace ringmaster::worker
