#include "worker/session/ring_budget.h"

#include <algorithm>

namespace ringmaster::worker {

RingBudget::Verdict RingBudget::rang(std::uint32_t uid, RingTally& session, std::uint64_t now_ns) {
  ++session.count;
  const std::uint64_t window = now_ns / kWindowNs;
  if (window != window_) {
    window_ = window;
    users_.clear();
  }
  auto user = std::ranges::find(users_, uid, &User::uid);
  if (user == users_.end()) user = users_.insert(users_.end(), User{uid, 0});
  if (++user->rings <= kFree) return Verdict::Heed;
  if (session.window == window && session.storms != 0) return Verdict::Mute;
  const std::uint64_t quiet = window - session.window - 1;
  session.storms -= static_cast<std::uint32_t>(std::min<std::uint64_t>(session.storms, quiet));
  session.window = window;
  return ++session.storms >= kStorms ? Verdict::Storm : Verdict::Mute;
}

}  // namespace ringmaster::worker
