#include "bindings/python/native/shift.h"

#include <chrono>

namespace ringmaster::python {
namespace {

constexpr auto kLook = std::chrono::milliseconds(1);
constexpr unsigned kLooksUntilSleep = 32;

}  // namespace

// REQUIRES: mutex_ is held.
void Shift::rouse() {
  if (asleep_) changed_.notify_one();
}

bool Shift::try_lead() {
  const std::lock_guard lock(mutex_);
  if (led_ || called_) return false;
  led_ = true;
  return true;
}

void Shift::stop_leading() {
  const std::lock_guard lock(mutex_);
  led_ = false;
  ++moves_;
  // Those who follow cannot lead: they wait for their futures.
  if (followers_ != 0) called_ = true;
  if (called_) changed_.notify_one();
  rouse();
}

void Shift::follow() {
  const std::lock_guard lock(mutex_);
  ++followers_;
  followed_ = true;
  if (led_) return;
  called_ = true;
  changed_.notify_one();
}

void Shift::unfollow() {
  const std::lock_guard lock(mutex_);
  --followers_;
}

void Shift::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = moves_;
  for (unsigned looks = 0; !(called_ && !led_);) {
    if (looks < kLooksUntilSleep) {
      if (changed_.wait_for(lock, kLook) == std::cv_status::no_timeout) continue;
      if (seen != moves_) {
        looks = 0;
      } else if (flying_ != 0 && !led_) {
        break;  // for a whole look: nobody comes for them
      } else {
        ++looks;
      }
    } else {
      asleep_ = true;
      changed_.wait(lock);
      asleep_ = false;
      looks = 0;
    }
    seen = moves_;
  }
  called_ = false;
  led_ = true;
  followed_ = followers_ != 0;
}

bool Shift::hands_over() {
  const std::lock_guard lock(mutex_);
  if (!followed_ || followers_ != 0 || called_) return false;
  led_ = false;
  return true;
}

void Shift::call() {
  const std::lock_guard lock(mutex_);
  called_ = true;
  changed_.notify_one();
}

void Shift::moved(std::int64_t jobs) {
  const std::lock_guard lock(mutex_);
  flying_ += static_cast<std::uint64_t>(jobs);
  ++moves_;
  rouse();
}

std::uint64_t Shift::flying() {
  const std::lock_guard lock(mutex_);
  return flying_;
}

}  // namespace ringmaster::python
