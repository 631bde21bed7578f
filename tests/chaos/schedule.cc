#include "tests/chaos/schedule.h"

#include <algorithm>

#include "tests/chaos/random.h"

namespace ringmaster::chaos {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Nanos kMinute = minutes(1);

Nanos us_between(Random& random, Nanos low, Nanos high) {
  const auto us = [](Nanos time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(time).count());
  };
  return microseconds(random.between(us(low), us(high)));
}

Nanos length_of(Act act, Random& random) {
  switch (act) {
    case Act::StopWorker:
      // Now and then past its pool's run deadline.
      return random.one_in(12) ? us_between(random, seconds(6), seconds(9))
                               : us_between(random, milliseconds(2), milliseconds(1200));
    case Act::StopSupervisor:
      // Now and then for longer than the keeper bears it.
      return random.one_in(25) ? Nanos(seconds(13)) : us_between(random, milliseconds(5), milliseconds(2500));
    case Act::StopClient:
      return us_between(random, milliseconds(5), milliseconds(2000));
    case Act::Drain:
      return us_between(random, milliseconds(20), milliseconds(1500));
    case Act::KillWorker:
    case Act::TermWorker:
    case Act::KillSupervisor:
    case Act::TermSupervisor:
    case Act::KillClient:
    case Act::TermClient:
      return Nanos(0);
  }
  return Nanos(0);
}

// Gaps of up to twice the mean, and bursts: what comes right behind another kill meets whoever takes over.
Nanos gap_of(Act act, unsigned per_minute, Random& random) {
  const bool burst = (act == Act::KillWorker || act == Act::KillSupervisor) && random.one_in(4);
  if (burst) return us_between(random, milliseconds(1), milliseconds(250));
  return us_between(random, Nanos(0), 2 * kMinute / per_minute);
}

void add_steps(std::vector<Step>& steps, Act act, unsigned per_minute, Nanos length, std::uint64_t seed) {
  if (per_minute == 0) return;
  Random random(seed, static_cast<std::uint64_t>(act), 2);
  SupervisorPace pace(false);
  for (Nanos at = gap_of(act, per_minute, random); at < length; at += gap_of(act, per_minute, random)) {
    const Step step{at, act, static_cast<std::uint32_t>(random.next()), length_of(act, random)};
    if (act == Act::KillSupervisor) {
      if (!pace.allows(at)) continue;
      pace.killed(at);
    }
    steps.push_back(step);
  }
}

}  // namespace

const char* to_string(Act act) noexcept {
  switch (act) {
    case Act::KillWorker:
      return "SIGKILL of a worker";
    case Act::StopWorker:
      return "SIGSTOP of a worker";
    case Act::TermWorker:
      return "SIGTERM of a worker";
    case Act::KillSupervisor:
      return "SIGKILL of the supervisor";
    case Act::StopSupervisor:
      return "SIGSTOP of the supervisor";
    case Act::TermSupervisor:
      return "SIGTERM of the supervisor";
    case Act::KillClient:
      return "SIGKILL of a client";
    case Act::StopClient:
      return "SIGSTOP of a client";
    case Act::TermClient:
      return "SIGTERM of a client";
    case Act::Drain:
      return "drain";
  }
  return "unknown";
}

std::vector<Step> plan_steps(std::uint64_t seed, Nanos length, const Pace& pace) {
  std::vector<Step> steps;
  for (unsigned act = 0; act < kActs; ++act)
    add_steps(steps, static_cast<Act>(act), pace.per_minute[act], length, seed);
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  return steps;
}

unsigned SupervisorPace::row_at(Nanos now) const {
  return !told_ && !kills_.empty() && now - kills_.back() > kServesWithin ? 0 : in_a_row_;
}

bool SupervisorPace::allows(Nanos now) const {
  if (row_at(now) >= kInARow) return false;
  return kills_.size() < kKillsInWindow || now - kills_.front() > kWindow;
}

void SupervisorPace::killed(Nanos now) {
  in_a_row_ = row_at(now) + 1;
  kills_.push_back(now);
  if (kills_.size() > kKillsInWindow) kills_.pop_front();
}

}  // namespace ringmaster::chaos
