#include "worker/session/session_bells.h"

#include <algorithm>
#include <utility>

namespace ringmaster::worker {

Result<void> SessionBells::add(const AttachedSession& session) {
  if (session.about.told_of) return {};
  return parking_.watch_bell(session.bell.get(), session.about.index);
}

void SessionBells::remove(const AttachedSession& session) noexcept {
  std::erase(muted_, session.about.index);
  parking_.forget_bell(session.bell.get());
}

bool SessionBells::rang(AttachedSession& session, std::uint64_t now_ns) {
  if (shm::next_is_ready(session.port) || shm::has_ready_job(session.port)) return true;
  empty_rings_.store(empty_rings_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  switch (budget_.rang(session.about.uid, session.rings, now_ns)) {
    case RingBudget::Verdict::Heed:
      return true;
    case RingBudget::Verdict::Storm:
      return false;
    case RingBudget::Verdict::Mute:
      break;
  }
  if (std::exchange(session.rings.muted, true)) return true;
  parking_.forget_bell(session.bell.get());
  muted_.push_back(session.about.index);
  heard_again_ns_ = RingBudget::heard_again(now_ns);
  return true;
}

// A bell that has ever rung stays readable, so watching it again wakes this worker once. It then looks for the jobs for
// which the muted bell rang.
std::chrono::nanoseconds SessionBells::until_heard(std::uint64_t now_ns, std::chrono::nanoseconds at_most) {
  if (muted_.empty()) return at_most;
  if (now_ns < heard_again_ns_) return std::min(at_most, std::chrono::nanoseconds(heard_again_ns_ - now_ns));
  for (const std::uint32_t index : std::exchange(muted_, {})) {
    AttachedSession* const session = sessions_.at(index);
    session->rings.muted = false;
    // If this fails, the looks at all sessions still find its jobs.
    (void)parking_.watch_bell(session->bell.get(), index);
  }
  return at_most;
}

}  // namespace ringmaster::worker
