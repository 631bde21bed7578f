#include "worker/loop/worker_loop.h"

#include <fcntl.h>
#include <poll.h>

#include <cstdio>
#include <utility>

#include "shm/port/doorbell.h"
#include "shm/port/hints.h"
#include "worker/process/fault_handler.h"
#include "worker/process/keeper_watch.h"

namespace ringmaster::worker {
namespace {

using std::chrono::nanoseconds;

constexpr int kHeldPollMs = 1;
// A spinning worker looks so often at the slots where work comes next for one look at all hints.
constexpr int kLooksPerScan = 8;
constexpr int kGlances = 8;
// With more sessions than these, looking at the next slot of each takes longer than it saves.
constexpr std::size_t kFewSessions = 8;
// All sessions are looked at so often by a worker that has jobs all the time, and for what that look has overlooked.
constexpr std::uint64_t kLookIntervalNs = 500'000;
constexpr std::uint64_t kPatrolIntervalNs = 1'000'000'000;
// Jobs found ready at once, one after the other, after which their clients are taken to run ahead.
constexpr int kRunsAhead = 2;
// How long a bell may lag behind the work it announces before the worker takes it for lost.
constexpr nanoseconds kBellLag = std::chrono::milliseconds(5);

void relax_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void set_state(const shm::WorkerSelf& self, shm::LaneState state) noexcept {
  // SYNC: seq_cst, pairs with Pool::workers_rest: the state is seen before the next message is read, and Draining after
  // the last job's end.
  self.lane->words.state.store(static_cast<std::uint32_t>(state), std::memory_order_seq_cst);
}

}  // namespace

bool WorkerLoop::leaving() const noexcept {
  return exit_asked_ || broken_link_ || self_.control->leave.load(std::memory_order_relaxed) != 0;
}

int WorkerLoop::run() {
  children_.begin();
  set_state(self_, shm::LaneState::Ready);
  std::uint64_t now = monotonic_now_ns();
  free_since_ns_ = now;
  while (true) {
    if (now - control_read_ns_ >= kControlIntervalNs) {
      read_control();
      control_read_ns_ = now;
    }
    if (leaving()) break;
    look_around(now);
    if (!paused_ && !leave_to_streamer(now) && claim_and_run(now)) {
      now = runner_.ended_ns();  // The next claim's stamp too: one reading of the clock per job.
      free_since_ns_ = now;
      idle_for_long_ = false;
      if (now - children_seen_ns_ >= kChildrenIntervalNs) {
        children_.look(now);
        children_seen_ns_ = now;
      }
      continue;
    }
    if (leaving()) break;
    if (paused_) {
      wait_drained();
    } else if (!spin()) {
      park();
    }
    now = monotonic_now_ns();
  }
  // The bell that woke this worker may have been the only one.
  streaming_.stop();
  stop_spinning();
  ring_on();
  set_state(self_, shm::LaneState::Stopped);
  // The daemon is gone: nobody fences what is left.
  if (broken_link_) end_children();
  return broken_link_ && !link_.closed() ? 1 : 0;
}

// L4. What lies in a session that this worker does not look at for each job is found here, at most a half millisecond
// after the current job.
void WorkerLoop::look_around(std::uint64_t now_ns) {
  if (now_ns - looked_ns_ < kLookIntervalNs) return;
  patrol(now_ns);
  look_at_all(now_ns);
}

bool WorkerLoop::look_at_all(std::uint64_t now_ns) {
  // Jobs that come while it spins are not seen by a look that has already begun.
  if (!spinning_) owes_look_ = false;
  looked_ns_ = now_ns;
  return sessions_.look_at_all(now_ns);
}

// A worker that never sleeps has no time-out that could find what was lost. A job in a cold session that was there a
// second ago is one that the looks since then should have found.
void WorkerLoop::patrol(std::uint64_t now_ns) noexcept {
  if (now_ns - patrolled_ns_ < kPatrolIntervalNs) return;
  if (patrolled_ns_ != 0 && sessions_.overlooked(patrolled_ns_)) count_missed_wake();
  patrolled_ns_ = now_ns;
}

void WorkerLoop::stop_spinning() noexcept {
  if (std::exchange(spinning_, false)) shm::clear_spin(*self_.board, self_.place);
}

// One worker is enough for short jobs: two would take each other's lines away. Another helps only with what waits.
bool WorkerLoop::leave_to_streamer(std::uint64_t now_ns) const noexcept {
  return streaming_.another_streams() && !sessions_.has_waiting_job(now_ns, Streaming::kWaitsNs);
}

// Another thread of this process has faulted: the ring that woke this worker, or will, is for one that lives.
void WorkerLoop::leave_it_to_others() noexcept {
  stop_spinning();
  shm::clear_idle(*self_.board, self_.place);
  ring_another();
  await_death();
}

bool WorkerLoop::claim_and_run(std::uint64_t now_ns) {
  if (process_has_faulted()) leave_it_to_others();
  if (charged_.outdated(*self_.control)) heed_charges();
  shm::Claim claimed;
  AttachedSession* session = nullptr;
  if (in_turn_) look_ahead();
  const shm::ClaimStatus status = sessions_.claim_next(self_, now_ns, claimed, session);
  // Own spin bit before the chain: else this worker would take itself for the one who is looking.
  stop_spinning();
  if (status == shm::ClaimStatus::Held) {
    ring_on();
    wait_while_held();
  }
  if (status == shm::ClaimStatus::Tampered) {
    drop_broken(*session, worker_link::BrokenReason::WordTampered, claimed.slot);
  }
  in_turn_ = status == shm::ClaimStatus::Claimed && claimed.in_turn;
  if (status != shm::ClaimStatus::Claimed) return false;
  if (in_turn_ && ahead_ > kRunsAhead) shm::prefetch_next(session->port);
  const shm::BoardLook board = shm::look_at_board(*self_.board);
  if (!board.anyone_idle) count_if_it_waited(claimed);
  if (board.should_ring) pass_ring_on();
  run_claimed(*session, claimed);
  // It will not be rung any more, and whoever finds nothing to help with stands by.
  if (streaming_.ended(runner_.ended_ns() - claimed.started_ns)) ring_another();
  return true;
}

void WorkerLoop::heed_charges() {
  if (charged_.read(*self_.control)) sessions_.set_charges(charged_);
}

// A job that is older than this worker's freedom was there while this worker could not take it. Asked where none is
// idle: nobody could.
void WorkerLoop::count_if_it_waited(const shm::Claim& claim) const noexcept {
  if (claim.job.submitted_ns >= free_since_ns_) return;
  auto& waited = self_.lane->counters.waited;
  waited.store(waited.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// The end is this process's own, but its handlers are in this process: what one of them has done to its flags must not
// hold up the next job.
void WorkerLoop::ring_another() noexcept {
  ::fcntl(pool_bell_, F_SETFL, O_NONBLOCK);
  shm::ring_doorbell(pool_bell_);
}

// C6: whoever takes a job wakes the next worker if there is more to do. Over all sessions if this worker's spin bit
// kept a client from ringing since it last looked at them: nobody else may know of that job.
void WorkerLoop::ring_on() {
  if (shm::should_ring(*self_.board)) pass_ring_on();
}

void WorkerLoop::pass_ring_on() {
  if (owes_look_) look_at_all(monotonic_now_ns());
  if (sessions_.has_ready_job()) ring_another();
}

void WorkerLoop::run_claimed(AttachedSession& session, const shm::Claim& claim) {
  switch (runner_.run(session, claim)) {
    case RunStatus::Finished:
      return;
    case RunStatus::Held:
      return stay_condemned(session, claim);
    case RunStatus::Tampered:
      return drop_broken(session, worker_link::BrokenReason::WordTampered, claim.slot);
    case RunStatus::BadDescriptor:
      return drop_broken(session, worker_link::BrokenReason::BadDescriptor, claim.slot);
  }
}

void WorkerLoop::wait_while_held() {
  // A release has no wake-up of its own: holds last for microseconds, or until the kill.
  while (shm::is_held(self_) && !leaving()) {
    pollfd control{link_.fd(), POLLIN, 0};
    ::poll(&control, 1, kHeldPollMs);
    if ((control.revents & POLLHUP) != 0) broken_link_ = true;
  }
  if (broken_link_) read_control();
}

void WorkerLoop::stay_condemned(AttachedSession& session, const shm::Claim& claim) {
  wait_while_held();
  // Released after all: the verdict was withdrawn, so it was not a verdict that took the slot's word away.
  // SYNC: seq_cst, as in claim: the supervisor reads it after it set hold.
  self_.lane->words.intent.store(0, std::memory_order_seq_cst);
  drop_broken(session, worker_link::BrokenReason::WordTampered, claim.slot);
}

// Who claims nothing must not eat a ring that another needs: it sleeps outside the set of bells, where EPOLLEXCLUSIVE
// passes it over, and shows no idle bit.
void WorkerLoop::wait_drained() {
  streaming_.stop();
  stop_spinning();
  ring_on();
  set_state(self_, shm::LaneState::Resting);
  pollfd control{link_.fd(), POLLIN, 0};
  ::poll(
      &control, 1,
      static_cast<int>(
          std::chrono::ceil<std::chrono::milliseconds>(until_next_look(nanoseconds(settings_.idle_wait_ns))).count()));
  // Before the messages are read: whoever sent Claiming{paused} and then finds Resting knows that nothing is claimed
  // before it is read.
  set_state(self_, shm::LaneState::Ready);
  if (control.revents != 0) read_control();
}

// P1, P2. True: there may be work. The time counts from the last job on: bits that lead to none do not prolong it.
bool WorkerLoop::spin() {
  const std::uint64_t end = free_since_ns_ + settings_.spin_ns;
  if (monotonic_now_ns() >= end || streaming_.another_streams()) return false;
  while (true) {
    // While another stands by, clients need not be told that this one looks.
    if (!spinning_ && !(streaming_.streams() && streaming_.another_stands_by())) {
      if (shm::count_spinners(*self_.board) >= settings_.max_spinners) return false;
      shm::set_spin(*self_.board, self_.place);
      spinning_ = owes_look_ = true;
    }
    for (int i = 0; i < 4; ++i) {
      if (sessions_.may_have_work()) return true;
      if (look_at_next(kLooksPerScan)) return true;
    }
    const std::uint64_t now = monotonic_now_ns();
    if (now >= end) return false;
    if (now - looked_ns_ >= kLookIntervalNs && look_at_all(now)) return true;
  }
}

// The last job lay where it was expected, so the next one will, now or in a moment: looking there alone leaves the
// bits' line and the board to the client, who is about to write the one and read the other. While nobody sleeps, or
// another stands by, nobody needs to know that this worker is looking.
void WorkerLoop::look_ahead() noexcept {
  if (sessions_.next_is_ready()) {
    ++ahead_;
    return;
  }
  ahead_ = 0;
  if (settings_.spin_ns == 0 || sessions_.hot_count() > kFewSessions) return;
  for (int i = 0; i < kGlances && !shm::should_ring(*self_.board); ++i) {
    if (look_at_next(kLooksPerScan)) return;
  }
}

bool WorkerLoop::look_at_next(int times) const noexcept {
  for (int i = 0; i < times; ++i) {
    if (sessions_.next_is_ready()) return true;
    relax_cpu();
  }
  return false;
}

// P3 to P5.
void WorkerLoop::park() {
  streaming_.stop();
  shm::set_idle(*self_.board, self_.place);
  bool standing_by = streaming_.stand_by();
  stop_spinning();
  shm::say_asleep(*self_.board, self_.place);
  // P4 over all sessions: a client that did not ring, because of this worker's spin bit or since nobody was idle,
  // relies on it.
  if (!called()) {
    set_state(self_, shm::LaneState::Parked);
    auto& parks = self_.lane->counters.parks;
    parks.store(parks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    const Parking::Wake wake = sleep(standing_by);
    heed(wake);
    if (wake.control) read_control();
    set_state(self_, shm::LaneState::Ready);
    patrolled_ns_ = 0;
  }
  if (standing_by) {
    streaming_.leave();
    owes_look_ = true;
  }
  // Told to claim nothing while a ring was in this worker's hands: pass it on.
  if (paused_) ring_on();
  shm::clear_idle(*self_.board, self_.place);
}

// Until it is called. A sleep that ends by itself goes on under the same idle bit: who publishes meanwhile sees it and
// rings, and the supervisor, which looks at no lane while all are idle, hears that ring. Who stands by is not rung: its
// finds are no missed wakes.
Parking::Wake WorkerLoop::sleep(bool& standing_by) {
  while (true) {
    const nanoseconds wanted(standing_by      ? Streaming::kTickNs
                             : idle_for_long_ ? settings_.idle_wait_ns
                                              : settings_.wait_ns);
    // Here, where it delays nobody: a ring that comes meanwhile ends the sleep at once.
    const nanoseconds at_most = until_next_look(wanted);
    const auto wake = parking_.sleep(at_most);
    if (!standing_by) {
      if (at_most == wanted || !wake.timed_out()) idle_for_long_ = wake.timed_out();
      if (wake.timed_out()) note_missed_wake();
    }
    if (!wake.timed_out() || leaving()) return wake;
    if (standing_by && !streaming_.another_streams()) {
      standing_by = false;
      streaming_.leave();
    }
    shm::say_asleep(*self_.board, self_.place);
    if (!called()) continue;
    if (standing_by) streaming_.end_anothers();
    return wake;
  }
}

// True: a look at all sessions found work for this worker. A bit is no work: the words behind it tell. What is young is
// left to a streamer while somebody stands by, who will see it when it is not.
bool WorkerLoop::called() {
  const std::uint64_t now = monotonic_now_ns();
  if (!look_at_all(now) || !sessions_.settle()) return false;
  return !streaming_.another_streams() || !streaming_.someone_stands_by() ||
         sessions_.has_waiting_job(now, Streaming::kWaitsNs);
}

// Looks at what the last jobs left behind, text and processes, and says for how long the worker may sleep then.
nanoseconds WorkerLoop::until_next_look(nanoseconds at_most) {
  const std::uint64_t now = monotonic_now_ns();
  marks_.rest(now);
  children_.look(now);
  const std::uint64_t left = children_.next_in(now);
  at_most = bells_.until_heard(now, at_most);
  return left < static_cast<std::uint64_t>(at_most.count()) ? nanoseconds(left) : at_most;
}

// Work is there after a time-out. It counts unless somebody is after it, or its bell is on its way.
void WorkerLoop::note_missed_wake() {
  const auto missed = [&] {
    look_at_all(monotonic_now_ns());
    return sessions_.has_ready_job() && shm::count_spinners(*self_.board) == 0 && !streaming_.someone_stands_by();
  };
  if (!missed()) return;
  const auto wake = parking_.sleep(kBellLag);
  if (!wake.timed_out()) return heed(wake);
  if (missed()) count_missed_wake();
}

void WorkerLoop::count_missed_wake() noexcept {
  auto& missed = self_.lane->counters.missed_wakes;
  missed.store(missed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace ringmaster::worker
