#include "worker/loop/worker_loop.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/spin_step.h"
#include "shm/port/hints.h"
#include "worker/process/fault_handler.h"
#include "worker/process/keeper_watch.h"

namespace ringmaster::worker {
namespace {

using std::chrono::nanoseconds;

constexpr int kHeldPollMs = 1;
// A spinning worker checks all hints after this many looks at the slots where the next jobs are expected.
constexpr int kLooksPerScan = 8;
constexpr int kGlances = 8;
// With more sessions than these, looking at the next slot of each takes longer than it saves.
constexpr std::size_t kFewSessions = 8;
// After this many jobs in a row that were ready at once, the clients are assumed to be ahead of the worker.
constexpr int kRunsAhead = 2;
// A bell that comes later than this after its work counts as lost.
constexpr nanoseconds kBellLag = std::chrono::milliseconds(5);

// How much of the host's time for a wait is left.
nanoseconds time_left(const WorkerLoop::Host& host, std::uint64_t began_ns) {
  if (host.at_most == nanoseconds::max()) return host.at_most;
  const nanoseconds waited(static_cast<std::int64_t>(monotonic_now_ns() - began_ns));
  return std::max(host.at_most - waited, nanoseconds(0));
}

// Waits a moment; what the supervisor says is left unread.
bool hangs_up(int control_socket) noexcept {
  pollfd polled{control_socket, 0, 0};
  return ::poll(&polled, 1, kHeldPollMs) > 0 && (polled.revents & POLLHUP) != 0;
}

void set_state(const shm::WorkerSelf& self, shm::LaneState state) noexcept {
  // SYNC: seq_cst, pairs with the pool's drain: a state other than Resting is visible before the next message is read,
  // and Resting only after the last job's end.
  self.lane->words.state.store(static_cast<std::uint32_t>(state), std::memory_order_seq_cst);
}

}  // namespace

bool WorkerLoop::leaving() const noexcept {
  return exit_asked_ || broken_link_ || self_.control->leave.load(std::memory_order_relaxed) != 0 || has_had_its_jobs();
}

bool WorkerLoop::has_had_its_jobs() const noexcept {
  const std::uint64_t most = self_.control->max_jobs.load(std::memory_order_relaxed);
  return most != 0 && shm::finished_jobs(self_.lane->counters) >= most;
}

void WorkerLoop::start() {
  children_.begin();
  set_state(self_, shm::LaneState::Ready);
  free_since_ns_ = monotonic_now_ns();
}

WorkerLoop::Step WorkerLoop::claim(std::uint64_t now_ns) {
  while (true) {
    if (now_ns - control_read_ns_ >= kControlIntervalNs || link_.keeps()) {
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
  // Nobody rings a streamer, so wake another worker; if that finds nothing to do, it stands by.
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
  // At once: another takes its place while it goes. The supervisor believes it of those that have worked.
  const bool unasked = !exit_asked_ && self_.control->leave.load(std::memory_order_relaxed) == 0;
  const bool has_worked = shm::finished_jobs(self_.lane->counters) != 0;
  if (!broken_link_ && (has_had_its_jobs() || (unasked && has_worked))) tell(worker_link::Leaving{});
  // The bell that woke this worker may have been the only one.
  streaming_.stop();
  lookout_.stop_spinning();
  lookout_.ring_on();
  set_state(self_, shm::LaneState::Stopped);
  // The daemon is gone: nobody else will kill what jobs have started.
  if (broken_link_) end_children();
  return broken_link_ && !link_.closed() ? 1 : 0;
}

// One worker is enough for short jobs: two would compete for the same cache lines. Others take only jobs that wait.
bool WorkerLoop::leave_to_streamer(std::uint64_t now_ns) const noexcept {
  return streaming_.another_streams() && !sessions_.has_waiting_job(now_ns, Streaming::kWaitsNs);
}

// A thread of this process has faulted: passes the rings that this worker gets on to a living one.
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
  // Clears its own spin bit before ring_on(): otherwise this worker would count itself as one that looks for jobs.
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

// Counts a job that was submitted before this worker became free. Called only if no worker is idle, so the job waited
// because all were busy.
void WorkerLoop::count_if_it_waited() const noexcept {
  if (claim_.job.submitted_ns >= free_since_ns_) return;
  auto& waited = self_.lane->counters.waited;
  waited.store(waited.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void WorkerLoop::wait_while_held() {
  // Polls, because releasing hold wakes nobody: it lasts for microseconds, or until the worker is killed.
  while (shm::is_held(self_) && !leaving()) broken_link_ = hangs_up(link_.fd());
  if (broken_link_) read_control();
}

void WorkerLoop::stay_condemned() {
  // Also if it is to leave: what clears the intent while the hold stands would blame the client.
  while (!broken_link_ && shm::is_held(self_)) broken_link_ = hangs_up(link_.fd());
  if (broken_link_) return;
  // Hold was released: the verdict was withdrawn, so it was the client that changed the slot's word.
  // SYNC: seq_cst, as in claim: the supervisor reads it after it set hold.
  self_.lane->words.intent.store(0, std::memory_order_seq_cst);
  drop_broken(*session_, worker_link::BrokenReason::WordTampered, claim_.slot);
}

// A worker that claims nothing must not consume a ring: it sleeps without watching the bells and without an idle bit.
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
  // Before the messages are read: so a supervisor that sent Claiming{paused} and then sees Resting knows that nothing
  // is claimed before the worker reads its next message.
  set_state(self_, shm::LaneState::Ready);
  if (polled[0].revents != 0) read_control();
  return {.work = polled[0].revents != 0, .host = polled[1].revents != 0};
}

// Steps P1 and P2, while a CPU is free for them. True: there may be work. The time counts from the last job: stale bits
// do not prolong it.
bool WorkerLoop::spin(nanoseconds at_most) {
  const std::uint64_t began = monotonic_now_ns();
  std::uint64_t end = free_since_ns_ + settings_.spin_ns;
  if (at_most < nanoseconds(settings_.spin_ns))
    end = std::min(end, began + static_cast<std::uint64_t>(at_most.count()));
  if (began >= end || streaming_.another_streams() || !lookout_.may_spin(began)) return false;
  for (std::uint64_t now = began; now < end;) {
    // While a standby worker keeps clients from ringing, a streamer needs no spin bit.
    if (!lookout_.spins() && !(streaming_.streams() && streaming_.another_stands_by())) {
      if (shm::count_spinners(*self_.board) >= settings_.max_spinners) return false;
      lookout_.start_spinning();
    }
    for (int i = 0; i < 4; ++i) {
      if (sessions_.may_have_work() || sessions_.next_is_ready(kLooksPerScan)) return true;
    }
    const CpuMark cpu = this_cpu();
    self_.lane->cpu.store(cpu, std::memory_order_relaxed);
    if (share_cpu(cpu, claim_.job.flags >> shm::kJobCpuShift)) {
      lookout_.stop_spinning();  // Others are to be rung while the client runs, which only this thread lets it.
      return give_way([this] { return sessions_.may_have_work() || sessions_.next_is_ready(); },
                      [end] { return monotonic_now_ns() >= end; });
    }
    now = monotonic_now_ns();
    if (now < end && lookout_.is_due(now) && lookout_.at_all(now)) return true;
  }
  lookout_.has_spun_in_vain();
  return false;
}

// The last job was in the slot where it was expected, so the next one probably will be too. Looking only there leaves
// the cache lines of the ready bits and of the board to the client. No spin bit is needed while no worker sleeps or a
// standby worker is there.
void WorkerLoop::look_ahead() noexcept {
  if (sessions_.next_is_ready()) {
    ++ahead_;
    return;
  }
  ahead_ = 0;
  if (settings_.spin_ns == 0 || sessions_.hot_count() > kFewSessions) return;
  for (int i = 0; i < kGlances && !shm::should_ring(*self_.board); ++i) {
    if (sessions_.next_is_ready(kLooksPerScan)) return;
  }
}

// Steps P3 to P5.
WorkerLoop::Woken WorkerLoop::park(const Host& host) {
  // A descriptor that cannot be watched counts as always readable, as with poll().
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
  // Step P4: a client that did not ring, because of this worker's spin bit or because no worker was idle, relies on
  // this look at all sessions.
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
  // A ring woke this worker, but it must claim nothing: wake another one.
  if (paused_) lookout_.ring_on();
  shm::clear_idle(*self_.board, self_.place);
}

// Sleeps until there is work or a message, or the host's descriptor is readable. After a timeout it sleeps again with
// its idle bit still set: a client that publishes meanwhile sees the bit and rings, and the supervisor, which reads no
// lane while all workers are idle, hears the ring. Nobody rings for a standby worker, so what it finds does not count
// as a missed wake.
Parking::Wake WorkerLoop::sleep(const Host& host) {
  const std::uint64_t began = monotonic_now_ns();
  while (true) {
    const nanoseconds wanted = wanted_sleep();
    // Done here, where it delays no job: a ring that comes meanwhile ends the sleep at once.
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
  if (paused_) {
    rest_ = Rest::Drained;
    begin_drained();
    at_most = until_next_look(nanoseconds(settings_.idle_wait_ns));
    return Sleep::Allowed;
  }
  const Sleep sleep = begin_park();
  rest_ = sleep == Sleep::Allowed ? Rest::Asleep : Rest::Awake;
  at_most = sleep == Sleep::Allowed ? until_next_look(wanted_sleep()) : nanoseconds(0);
  return sleep;
}

// The host's poll() does not tell why it ended, so the epoll set is asked once more.
void WorkerLoop::end_rest() {
  if (rest_ == Rest::Drained) {
    set_state(self_, shm::LaneState::Ready);
    return read_control();
  }
  // It found work before it slept, for which perhaps nobody rings.
  if (rest_ == Rest::Awake) return end_park();
  const auto wake = parking_.sleep(nanoseconds(0));
  if (!standing_by_) {
    idle_for_long_ = wake.timed_out();
    if (wake.timed_out()) note_missed_wake();
  }
  end_sleep(wake);
  end_park();
}

// True: a look at all sessions found work for this worker. It checks the slot words, not only the bits. New jobs are
// left to a streamer while another worker stands by, which sees them if they get old.
bool WorkerLoop::called() {
  const std::uint64_t now = monotonic_now_ns();
  if (!lookout_.at_all(now) || !sessions_.settle()) return false;
  return !streaming_.another_streams() || !streaming_.someone_stands_by() ||
         sessions_.has_waiting_job(now, Streaming::kWaitsNs);
}

// Handles the text and processes that the last jobs left behind; returns how long the worker may sleep afterwards.
nanoseconds WorkerLoop::until_next_look(nanoseconds at_most) {
  const std::uint64_t now = monotonic_now_ns();
  marks_.rest(now);
  lookout_.rest(now);
  children_.look(now);
  const std::uint64_t left = children_.next_in(now);
  at_most = bells_.until_heard(now, at_most);
  return left < static_cast<std::uint64_t>(at_most.count()) ? nanoseconds(left) : at_most;
}

// A timeout found work. Counts it as a missed wake unless another worker is taking it or its bell is about to ring.
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
