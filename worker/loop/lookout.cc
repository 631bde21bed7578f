#include "worker/loop/lookout.h"

#include <fcntl.h>

#include <utility>

#include "shm/port/doorbell.h"
#include "shm/port/hints.h"
#include "worker/job/job_runner.h"

namespace ringmaster::worker {

// Step L4. Finds work in sessions that the worker does not check for each job, at most half a millisecond after the
// current job.
void Lookout::between_jobs(std::uint64_t now_ns) {
  if (!is_due(now_ns)) return;
  patrol(now_ns);
  at_all(now_ns);
}

bool Lookout::at_all(std::uint64_t now_ns) {
  // While it spins, clients rely on a later look: this one may miss their jobs.
  if (!spins_) owed_ = false;
  looked_ns_ = now_ns;
  return sessions_.look_at_all(now_ns);
}

// A worker that never sleeps has no timeout that would find a lost job. A job that has been in a cold session for a
// second should have been found by the looks since then.
void Lookout::patrol(std::uint64_t now_ns) noexcept {
  if (now_ns - patrolled_ns_ < kPatrolIntervalNs) return;
  if (patrolled_ns_ != 0 && sessions_.overlooked(patrolled_ns_)) count_missed_wake();
  patrolled_ns_ = now_ns;
}

void Lookout::count_missed_wake() noexcept {
  auto& missed = self_.lane->counters.missed_wakes;
  missed.store(missed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Lookout::start_spinning() noexcept {
  shm::set_spin(*self_.board, self_.place);
  spins_ = owed_ = true;
}

void Lookout::stop_spinning() noexcept {
  if (std::exchange(spins_, false)) shm::clear_spin(*self_.board, self_.place);
}

void Lookout::ring_on() {
  if (shm::should_ring(*self_.board)) pass_ring_on();
}

void Lookout::pass_ring_on() {
  if (owed_) at_all(monotonic_now_ns());
  if (sessions_.has_ready_job()) ring_another();
}

// The bell's end belongs to this process alone, but a handler may have changed its flags: a blocking ring must not
// delay the next job.
void Lookout::ring_another() noexcept {
  ::fcntl(pool_bell_, F_SETFL, O_NONBLOCK);
  shm::ring_doorbell(pool_bell_);
}

}  // namespace ringmaster::worker
