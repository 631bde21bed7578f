#include "worker/loop/worker_loop.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

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

// What is left of the time that a host gives for a wait.
nanoseconds time_left(const WorkerLoop::Host& host, std::uint64_t began_ns) {
  if (host.at_most == nanoseconds::max()) return host.at_most;
  const nanoseconds waited(static_cast<std::int64_t>(monotonic_now_ns() - began_ns));
  return std::max(host.at_most - waited, nanoseconds(0));
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

void WorkerLoop::start() {
  children_.begin();
  set_state(self_, shm::LaneState::Ready);
  free_since_ns_ = monotonic_now_ns();
}

WorkerLoop::Step WorkerLoop::claim(std::uint64_t now_ns) {
  while (true) {
    if (now_ns - control_read_ns_ >= kControlIntervalNs) {
      read_control();
      control_read_ns_ = now_ns;
    }
    if (leaving()) return Step::Leave;
    lookout_.between_jobs(now_ns);
    if (paused_ || leave_to_streamer(now_ns) || !claim_next(now_ns)) return leaving() ? Step::Leave : Step::Nothing;
    handler_ = runner_.begin(*session_, claim_);
    if (handler_ != nullptr) return Step::Claimed;
    has_ended(runner_.ended());
    now_ns = ended_ns();
  }
}

void WorkerLoop::finish(std::int32_t code) { has_ended(runner_.end(code)); }

void WorkerLoop::has_ended(RunStatus status) {
  switch (status) {
    case RunStatus::Finished:
      break;
    case RunStatus::Held:
      stay_condemned();
      break;
    case RunStatus::Tampered:
      drop_broken(*session_, worker_link::BrokenReason::WordTampered, claim_.slot);
      break;
    case RunStatus::BadDescriptor:
      drop_broken(*session_, worker_link::BrokenReason::BadDescriptor, claim_.slot);
      break;
  }
  session_ = nullptr;
  const std::uint64_t now = ended_ns();
  // It will not be rung any more, and whoever finds nothing to help with stands by.
  if (streaming_.ended(now - claim_.started_ns)) lookout_.ring_another();
  free_since_ns_ = now;
  idle_for_long_ = false;
  if (now - children_seen_ns_ >= kChildrenIntervalNs) {
    children_.look(now);
    children_seen_ns_ = now;
  }
}

WorkerLoop::Woken WorkerLoop::wait(const Host& host) {
  if (paused_) return wait_drained(host);
  return spin(host.at_most) ? Woken{.work = true} : park(host);
}

int WorkerLoop::leave() {
  // The bell that woke this worker may have been the only one.
  streaming_.stop();
  lookout_.stop_spinning();
  lookout_.ring_on();
  set_state(self_, shm::LaneState::Stopped);
  // The daemon is gone: nobody fences what is left.
  if (broken_link_) end_children();
  return broken_link_ && !link_.closed() ? 1 : 0;
}

// One worker is enough for short jobs: two would take each other's lines away. Another helps only with what waits.
bool WorkerLoop::leave_to_streamer(std::uint64_t now_ns) const noexcept {
  return streaming_.another_streams() && !sessions_.has_waiting_job(now_ns, Streaming::kWaitsNs);
}

// Another thread of this process has faulted: the ring that woke this worker, or will, is for one that lives.
void WorkerLoop::leave_it_to_others() noexcept {
  lookout_.stop_spinning();
  shm::clear_idle(*self_.board, self_.place);
  lookout_.ring_another();
  await_death();
}

bool WorkerLoop::claim_next(std::uint64_t now_ns) {
  if (process_has_faulted()) leave_it_to_others();
  if (charged_.outdated(*self_.control)) heed_charges();
  if (in_turn_) look_ahead();
  const shm::ClaimStatus status = sessions_.claim_next(self_, now_ns, claim_, session_);
  // Own spin bit before the chain: else this worker would take itself for the one who is looking.
  lookout_.stop_spinning();
  if (status == shm::ClaimStatus::Held) {
    lookout_.ring_on();
    wait_while_held();
  }
  if (status == shm::ClaimStatus::Tampered) {
    drop_broken(*session_, worker_link::BrokenReason::WordTampered, claim_.slot);
  }
  in_turn_ = status == shm::ClaimStatus::Claimed && claim_.in_turn;
  if (status != shm::ClaimStatus::Claimed) return false;
  if (in_turn_ && ahead_ > kRunsAhead) shm::prefetch_next(session_->port);
  const shm::BoardLook board = shm::look_at_board(*self_.board);
  if (!board.anyone_idle) count_if_it_waited();
  if (board.should_ring) lookout_.pass_ring_on();
  return true;
}

void WorkerLoop::heed_charges() {
  if (charged_.read(*self_.control)) sessions_.set_charges(charged_);
}

// A job that is older than this worker's freedom was there while this worker could not take it. Asked where none is
// idle: nobody could.
void WorkerLoop::count_if_it_waited() const noexcept {
  if (claim_.job.submitted_ns >= free_since_ns_) return;
  auto& waited = self_.lane->counters.waited;
  waited.store(waited.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
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

void WorkerLoop::stay_condemned() {
  wait_while_held();
  // Released after all: the verdict was withdrawn, so it was not a verdict that took the slot's word away.
  // SYNC: seq_cst, as in claim: the supervisor reads it after it set hold.
  self_.lane->words.intent.store(0, std::memory_order_seq_cst);
  drop_broken(*session_, worker_link::BrokenReason::WordTampered, claim_.slot);
}

// Who claims nothing must not eat a ring that another needs: it sleeps outside the set of bells, where EPOLLEXCLUSIVE
// passes it over, and shows no idle bit.
void WorkerLoop::begin_drained() {
  streaming_.stop();
  lookout_.stop_spinning();
  lookout_.ring_on();
  set_state(self_, shm::LaneState::Resting);
}

WorkerLoop::Woken WorkerLoop::wait_drained(const Host& host) {
  begin_drained();
  std::array<pollfd, 2> polled{{{link_.fd(), POLLIN, 0}, {host.fd, POLLIN, 0}}};
  const nanoseconds at_most = std::min(until_next_look(nanoseconds(settings_.idle_wait_ns)), host.at_most);
  ::poll(polled.data(), polled.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(at_most).count()));
  // Before the messages are read: whoever sent Claiming{paused} and then finds Resting knows that nothing is claimed
  // before it is read.
  set_state(self_, shm::LaneState::Ready);
  if (polled[0].revents != 0) read_control();
  return {.work = polled[0].revents != 0, .host = polled[1].revents != 0};
}

// P1, P2. True: there may be work. The time counts from the last job on: bits that lead to none do not prolong it.
bool WorkerLoop::spin(nanoseconds at_most) {
  const std::uint64_t began = monotonic_now_ns();
  std::uint64_t end = free_since_ns_ + settings_.spin_ns;
  if (at_most < nanoseconds(settings_.spin_ns))
    end = std::min(end, began + static_cast<std::uint64_t>(at_most.count()));
  if (began >= end || streaming_.another_streams()) return false;
  while (true) {
    // While another stands by, clients need not be told that this one looks.
    if (!lookout_.spins() && !(streaming_.streams() && streaming_.another_stands_by())) {
      if (shm::count_spinners(*self_.board) >= settings_.max_spinners) return false;
      lookout_.start_spinning();
    }
    for (int i = 0; i < 4; ++i) {
      if (sessions_.may_have_work()) return true;
      if (look_at_next(kLooksPerScan)) return true;
    }
    const std::uint64_t now = monotonic_now_ns();
    if (now >= end) return false;
    if (lookout_.is_due(now) && lookout_.at_all(now)) return true;
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
WorkerLoop::Woken WorkerLoop::park(const Host& host) {
  // What cannot be watched is always readable, as poll says of it.
  if (!parking_.watch_host(host.fd)) return {.host = true};
  Woken woken{.work = true};
  if (begin_park() == Sleep::Allowed) {
    const Parking::Wake wake = sleep(host);
    end_sleep(wake);
    woken = {.work = wake.work(), .host = wake.host};
  }
  end_park();
  return woken;
}

WorkerLoop::Sleep WorkerLoop::begin_park() {
  streaming_.stop();
  shm::set_idle(*self_.board, self_.place);
  standing_by_ = streaming_.stand_by();
  lookout_.stop_spinning();
  shm::say_asleep(*self_.board, self_.place);
  // P4 over all sessions: a client that did not ring, because of this worker's spin bit or since nobody was idle,
  // relies on it.
  if (called()) return Sleep::Forbidden;
  set_state(self_, shm::LaneState::Parked);
  auto& parks = self_.lane->counters.parks;
  parks.store(parks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return Sleep::Allowed;
}

void WorkerLoop::end_sleep(const Parking::Wake& wake) {
  heed(wake);
  if (wake.control) read_control();
  set_state(self_, shm::LaneState::Ready);
  lookout_.has_slept();
}

void WorkerLoop::end_park() {
  if (std::exchange(standing_by_, false)) {
    streaming_.leave();
    lookout_.owes();
  }
  // Told to claim nothing while a ring was in this worker's hands: pass it on.
  if (paused_) lookout_.ring_on();
  shm::clear_idle(*self_.board, self_.place);
}

// Until it is called, or its host is. A sleep that ends by itself goes on under the same idle bit: who publishes
// meanwhile sees it and rings, and the supervisor, which looks at no lane while all are idle, hears that ring. Who
// stands by is not rung: its finds are no missed wakes.
Parking::Wake WorkerLoop::sleep(const Host& host) {
  const std::uint64_t began = monotonic_now_ns();
  while (true) {
    const nanoseconds wanted = wanted_sleep();
    // Here, where it delays nobody: a ring that comes meanwhile ends the sleep at once.
    const nanoseconds at_most = std::min(until_next_look(wanted), time_left(host, began));
    auto wake = parking_.sleep(at_most);
    if (!standing_by_) {
      if (at_most == wanted || !wake.timed_out()) idle_for_long_ = wake.timed_out();
      if (wake.timed_out()) note_missed_wake();
    }
    if (!wake.timed_out() || leaving()) return wake;
    if (standing_by_ && !streaming_.another_streams()) {
      standing_by_ = false;
      streaming_.leave();
    }
    shm::say_asleep(*self_.board, self_.place);
    if (called()) {
      if (standing_by_) streaming_.end_anothers();
      wake.anywhere = true;
      return wake;
    }
    if (time_left(host, began) == nanoseconds(0)) return wake;
  }
}

nanoseconds WorkerLoop::wanted_sleep() const noexcept {
  if (standing_by_) return nanoseconds(Streaming::kTickNs);
  return nanoseconds(idle_for_long_ ? settings_.idle_wait_ns : settings_.wait_ns);
}

WorkerLoop::Sleep WorkerLoop::begin_rest(nanoseconds& at_most) {
  rests_drained_ = paused_;
  if (paused_) {
    begin_drained();
    at_most = until_next_look(nanoseconds(settings_.idle_wait_ns));
    return Sleep::Allowed;
  }
  const Sleep sleep = begin_park();
  at_most = sleep == Sleep::Allowed ? until_next_look(wanted_sleep()) : nanoseconds(0);
  return sleep;
}

// A host's poll does not say why it ended; the set is asked once more.
void WorkerLoop::end_rest() {
  if (std::exchange(rests_drained_, false)) {
    set_state(self_, shm::LaneState::Ready);
    return read_control();
  }
  const auto wake = parking_.sleep(nanoseconds(0));
  if (!standing_by_) {
    idle_for_long_ = wake.timed_out();
    if (wake.timed_out()) note_missed_wake();
  }
  end_sleep(wake);
  end_park();
}

// True: a look at all sessions found work for this worker. A bit is no work: the words behind it tell. What is young is
// left to a streamer while somebody stands by, who will see it when it is not.
bool WorkerLoop::called() {
  const std::uint64_t now = monotonic_now_ns();
  if (!lookout_.at_all(now) || !sessions_.settle()) return false;
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
    lookout_.at_all(monotonic_now_ns());
    return sessions_.has_ready_job() && shm::count_spinners(*self_.board) == 0 && !streaming_.someone_stands_by();
  };
  if (!missed()) return;
  const auto wake = parking_.sleep(kBellLag);
  if (!wake.timed_out()) return heed(wake);
  if (missed()) lookout_.count_missed_wake();
}

}  // namespace ringmaster::worker
