#include "daemon/keeper/restart_pace.h"

#include <algorithm>

#include "daemon/link/deposit.h"

namespace ringmaster::keeper {

void RestartPace::on_serving(std::uint64_t now_ns) {
  if (serving_) return;
  serving_ = true;
  ever_served_ = true;
  serving_since_ns_ = now_ns;
}

// True if there were too many deaths recently, this one included.
bool RestartPace::note_death(std::uint64_t now_ns, bool killed) {
  if (serving_) unserved_ = killed_unserved_ = 0;
  if (!serving_) ++(killed ? killed_unserved_ : unserved_);
  const bool quick = killed ? kills_.note(now_ns) : deaths_.note(now_ns);
  return quick || unserved_ >= kDeaths || killed_unserved_ >= kKillsUnserved;
}

NextStart RestartPace::on_death(std::uint64_t now_ns, bool killed) {
  if (serving_ && now_ns - serving_since_ns_ >= kStable) failures_ = 0;
  const bool too_many = note_death(now_ns, killed);
  serving_ = false;
  if (failures_ == 0 && !too_many) return {now_ns, false, false};
  const std::uint64_t delay = failures_ < 5 ? std::min(kSecond << failures_, kLongestDelay) : kLongestDelay;
  const bool again = failures_ > 0;
  ++failures_;
  return {now_ns + delay, true, again};
}

bool ends_the_daemon(int exit_code, bool ever_served) {
  constexpr int kNotExecutable = 127;
  return !ever_served && (exit_code == kExitUnavailable || exit_code == kExitSocket || exit_code == kExitConfig ||
                          exit_code == kNotExecutable);
}

}  // namespace ringmaster::keeper
