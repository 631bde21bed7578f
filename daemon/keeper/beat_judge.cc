#include "daemon/keeper/beat_judge.h"

#include <algorithm>

namespace ringmaster::keeper {

void BeatJudge::start(std::uint64_t now_ns) {
  last_look_ns_ = now_ns;
  silence_ns_ = 0;
}

void BeatJudge::beat(std::uint64_t now_ns) {
  last_look_ns_ = std::max(last_look_ns_, now_ns);
  silence_ns_ = 0;
}

void BeatJudge::look(std::uint64_t now_ns) {
  if (now_ns <= last_look_ns_) return;
  silence_ns_ += std::min(now_ns - last_look_ns_, kLongestLook);
  last_look_ns_ = now_ns;
}

}  // namespace ringmaster::keeper
