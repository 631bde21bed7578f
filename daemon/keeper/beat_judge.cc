#include "daemon/keeper/beat_judge.h"

#include <algorithm>

namespace ringmaster::keeper {

void BeatJudge::start(std::uint64_t now_ns) {
  *this = BeatJudge{};
  ask_at_ns_ = now_ns + kAskAfterNs;
}

void BeatJudge::heard() {
  silence_ns_ = 0;
  waiting_ = false;
}

void BeatJudge::look(std::uint64_t now_ns) {
  if (!waiting_) {
    if (now_ns < ask_at_ns_) return;
    waiting_ = true;
    ask_ = true;
    ask_at_ns_ = now_ns + kAskAfterNs;
  } else if (now_ns > last_look_ns_) {
    silence_ns_ += std::min(now_ns - last_look_ns_, kLongestLook);
  }
  last_look_ns_ = std::max(last_look_ns_, now_ns);
}

}  // namespace ringmaster::keeper
